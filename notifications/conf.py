"""The limits of the event stream: `EVENTS` in the settings, with defaults."""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True)
class Limits:
    queue: int = 1000
    """Events that may wait for one reader; whoever is further behind is closed as too slow."""
    readers_per_user: int = 50
    """Sockets, streams and long polls of one user in one web process."""
    topics: int = 200
    """Topics of one subscription."""
    messages_per_10_seconds: int = 100
    """What one socket may send."""
    message_characters: int = 65_536
    auth_seconds: float = 5
    recheck_seconds: float = 30
    """How often an open reader's session or token is looked at again."""
    heartbeat_seconds: float = 15
    poll_seconds: float = 1
    """How often the hub looks by itself, without a hint."""
    close_seconds: float = 30
    """How long a close waits for a reader that takes nothing."""
    keep_days: float = 30
    keep_notice_days: float = 90
    """Notices, their deliveries, and the log of webhooks."""


def limits() -> Limits:
    return Limits(**getattr(settings, "EVENTS", {}))
