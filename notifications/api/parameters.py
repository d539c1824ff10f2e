"""What the address may say: `since`, `wait`, `topics`."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.translation import gettext as _

from common.errors import Invalid
from notifications.stream import ME

LONGEST_WAIT = 60.0


class Question(NamedTuple):
    since: int | None
    """None: from now on."""
    wait: float
    """Seconds to wait for news, 0 to 60."""
    topics: set[str]


def question(values: Mapping[str, str], last_event_id: str = "") -> Question:
    """Raises Invalid. A browser that comes back says where it was in `Last-Event-ID`."""
    since = last_event_id or values.get("since", "")
    if since and not (since.isdecimal() and since.isascii() and len(since) < 20):
        raise Invalid(_("“since” is the number of an event, 0 or more."), code="since")
    topics = {topic for topic in values.get("topics", ME).split(",") if topic}
    return Question(int(since) if since else None, _seconds(values.get("wait", "0")), topics)


def _seconds(text: str) -> float:
    try:
        wait = float(text)
    except ValueError:
        wait = -1
    if not 0 <= wait < float("inf"):
        raise Invalid(_("“wait” is a number of seconds, 0 to 60."), code="wait")
    return min(wait, LONGEST_WAIT)
