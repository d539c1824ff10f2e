"""Which rights an OAuth application needs for us, by the names of TrueConf's manual."""

from collections.abc import Iterable
from typing import Final

NEEDED: Final = (
    "conferences:read",
    "conferences.records:read",
    "conferences.participants:read",
    "conferences.sessions:read",
    "conferences.sessions.participants:read",
    "conferences.invitations:read",
    "users:read",
    "logs.calls:read",
    "logs.calls.participants:read",
)


def missing(granted: Iterable[str]) -> tuple[str, ...]:
    """A scope without `:read` or `:write` is both."""
    have = set(granted)
    return tuple(one for one in NEEDED if have.isdisjoint({one, one.partition(":")[0]}))
