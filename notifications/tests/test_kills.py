"""kill -9 at any moment of making and sending: nothing is lost, no notice is doubled, and what goes
out twice carries the same key."""

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

from accounts.models import User
from common.tests.http_server import HttpServer, answer
from notifications import delivering, tasks
from notifications.choices import DeliveryStatus, HookStatus
from notifications.hooks import sending
from notifications.models import Delivery, Notice, WebhookDelivery
from notifications.tests.scene import meeting, recognised
from notifications.tests.smtp import MailServer, mail_server

MEETINGS, KILLS, SEED = 15, 12, 20261121
LONGEST_SECONDS = 60


@contextmanager
def worker() -> Iterator[int]:
    """A child that makes and sends without end, until it is killed."""
    connections.close_all()
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        try:
            while os.getppid() == parent:
                for task in (tasks.make_notices, tasks.deliver, tasks.deliver_webhooks):
                    task()
                time.sleep(0.005)
        finally:
            os._exit(1)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def unfinished() -> bool:
    return (
        Notice.objects.count() < MEETINGS * 2
        or WebhookDelivery.objects.count() < MEETINGS * 2
        or Delivery.objects.exclude(status=DeliveryStatus.SENT).exists()
        or WebhookDelivery.objects.exclude(status=HookStatus.SENT).exists()
    )


@pytest.fixture
def post(settings) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_killed_again_and_again(
    person: Callable[..., User],
    hook: Callable[..., object],
    receiver: HttpServer,
    post: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr(delivering, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(sending, "LEASE_SECONDS", 0.5)
    taken = answer(b"HTTP/1.1 204 X\r\n\r\n")
    receiver.behaviour = lambda connection, asked: (time.sleep(0.01), taken(connection, asked))
    people = [person("ann"), person("bob")]
    for user in people:
        user.email = f"{user.username}@example.org"
        user.save()
    hook()
    chance = random.Random(seed)
    keys = [meeting(*people) for _ in range(MEETINGS)]
    for number in range(KILLS):
        for key in keys[number::KILLS]:
            recognised(key, 1)
            recognised(key, 1)  # the same transcript, told of twice
        with worker():
            time.sleep(chance.uniform(0.02, 0.4))
    end = time.monotonic() + LONGEST_SECONDS
    with worker():
        while unfinished() and time.monotonic() < end:
            time.sleep(0.1)

    assert not unfinished()
    told = set(Notice.objects.values_list("recipient__username", "object_id"))
    assert told == {(user.username, key) for user in people for key in keys}
    assert Notice.objects.count() == len(told)  # once each
    letters = [(letter["To"], letter["Message-ID"]) for letter in post.taken]
    assert len({message_id for _to, message_id in letters}) == len(told)
    assert {to for to, _id in letters} == {user.email for user in people}
    first: dict[str, list[int]] = {}
    seen = set()
    for body in (json.loads(asked.body) for asked in receiver.asked):
        if body["id"] not in seen:
            seen.add(body["id"])
            first.setdefault(body["object"]["id"], []).append(body["seq"])
    assert len(seen) == MEETINGS * 2
    assert all(numbers == sorted(numbers) for numbers in first.values())
