"""The channel that docs/adding-a-provider.md shows does what it says."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from accounts.models import User
from common.tests.http_server import http_server, status
from notifications.channels.base import Channel, Message, NotDelivered

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "adding-a-provider.md"


def shown() -> Channel:
    chapter = DOCUMENT.read_text().partition("## A channel of notices")[2]
    code = re.findall(r"```python\n(.*?)```", chapter, re.DOTALL)[0]
    module = ModuleType("ntfy")
    exec(code, module.__dict__)
    channel: Channel = module.Ntfy()
    return channel


def test_it_sends_and_tells_what_can_be_tried_again(settings) -> None:
    user, channel = User(pk=7, username="ann"), shown()
    message = Message("k", "SAI: Распознано", "Тело", "https://sai.example/", (), ())
    with http_server() as server:
        settings.NTFY_URL = server.url(path="")
        assert channel.reaches(user)
        channel.send(user, message)
        (asked,) = server.asked
        assert asked.line == "POST /sai-7 HTTP/1.1"
        assert asked.body.decode() == "Тело"
        for code, retryable in ((503, True), (403, False)):
            server.behaviour = status(code)
            with pytest.raises(NotDelivered) as caught:
                channel.send(user, message)
            assert caught.value.retryable is retryable
