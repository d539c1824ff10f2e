"""The channels of this installation, by the names in `NOTICE_CHANNELS`."""

from functools import cache
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.channels.base import Channel


@cache
def _made(dotted: str) -> Channel:
    return cast("Channel", import_string(dotted)())


def find(name: str) -> Channel | None:
    """The channel of that name; None for the page, and for one that is no longer wired."""
    dotted = settings.NOTICE_CHANNELS.get(name)
    return _made(dotted) if dotted else None


def names() -> list[str]:
    return list(settings.NOTICE_CHANNELS)
