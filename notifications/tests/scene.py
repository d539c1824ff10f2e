"""Recordings as notices know them, what happens to them, and a channel to look at."""

from typing import Any
from uuid import uuid4

from accounts.models import User
from notifications import events, making
from notifications.channels.base import Message, NotDelivered
from notifications.subjects import Subject
from notifications.tests import audience
from notifications.tests.conftest import happen


def meeting(*people: User, title: str = "Budget", **more: Any) -> str:
    """The id of a recording that these people may see."""
    key = str(uuid4())
    audience.allowed[key] = {user.pk for user in people}
    fields: dict[str, Any] = {"kind": "meeting", "status": "ready", **more}
    fields["of"] = ("recording", key)
    audience.subjects[key] = Subject(title=title, path=f"/recordings/{key}/", **fields)
    return key


def recognised(key: str, transcript: int = 1) -> None:
    happen(key, events.TRANSCRIPT_READY, transcript=transcript, version=1)


def given(key: str, to: User, by: User) -> None:
    events.append(
        events.ACCESS_GIVEN,
        object_type="access",
        object_id=key,
        topic=f"user:{to.pk}",
        audience=[to.pk],
        data={"by": by.pk, "rights": ["view"]},
    )


def make_all() -> None:
    while making.make_notices():
        pass


class Pigeons:
    """A channel that remembers what it carried, and fails when it is told to."""

    title = "Pigeons"
    max_length = 4096
    sent: list[tuple[str, Message]] = []
    failing: list[NotDelivered] = []

    def reaches(self, user: User) -> bool:
        return user.username != "unreachable"

    def send(self, user: User, message: Message) -> None:
        if self.failing:
            raise self.failing.pop(0)
        self.sent.append((user.username, message))


def failure(*, retryable: bool) -> NotDelivered:
    return NotDelivered("no wind", code="no_wind", retryable=retryable)
