"""What a channel promises.

A channel is a class without arguments, named in `NOTICE_CHANNELS`. It is made once per process and
called from several threads.
"""

from dataclasses import dataclass
from typing import Protocol

from accounts.models import User
from common.errors import ExternalError

LONGEST = 4096
"""Characters that any channel must take; what a TrueConf chat takes of one message."""


@dataclass(frozen=True, slots=True)
class Message:
    """A notice, or several, in the recipient's language. Plain text; nothing of what was said."""

    key: str
    """The same at every try: who can tell doubles by a key gets this one."""
    title: str
    """One line, at most 300 characters."""
    body: str
    """At most `max_length` characters of the channel, the title not counted; holds the links."""
    link: str
    """Absolute address: of the object, or of the page of notices where there are several."""
    facts: tuple[str, ...]
    objects: tuple[tuple[str, str], ...]
    """(type, id) of what it is about, `("recording", "<uuid>")`."""


class Channel(Protocol):
    title: object
    """What people call it; lazily translated."""
    max_length: int
    """Longest body."""

    def reaches(self, user: User) -> bool:
        """Whether this person can be told by this way; asked often, so it asks nobody outside."""
        ...

    def send(self, user: User, message: Message) -> None:
        """Hand it over, within seconds. Never called inside a transaction.

        Raises SaiError when it was not taken: a `retryable` one is tried again for hours. It may
        be called twice with one message when a process is killed between sending and noting it.
        """
        ...


class NotDelivered(ExternalError):
    """The channel did not take a message."""

    code = "not_delivered"
