"""The text of a message: of one notice, or of many within the length that a channel takes."""

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.urls import reverse

from notifications import selectors, wording
from notifications.channels.base import Message
from notifications.models import Notice
from notifications.selectors import Shown
from notifications.subjects import Subject

LONGEST_TITLE = 300
Told = tuple[Notice, Subject]


def compose(key: str, shown: Sequence[Shown], *, max_length: int) -> Message | None:
    """In the language that is active; None when nothing of it may be told any more."""
    told = [(one.notice, one.subject) for one in shown if one.subject is not None]
    if not told:
        return None
    givers = selectors.givers(notice for notice, _subject in told)
    single = len(told) == 1
    text = _one(told[0], givers) if single else _many(told, givers, max_length)
    title = wording.headline(*told[0]) if single else wording.many(len(told))
    return Message(
        key=key,
        title=f"SAI: {title}"[:LONGEST_TITLE],
        body=text[:max_length],
        link=_absolute(told[0][1].path) if single else notices_link(),
        facts=tuple(dict.fromkeys(notice.fact for notice, _subject in told)),
        objects=tuple(
            dict.fromkeys((notice.object_type, notice.object_id) for notice, _subject in told)
        ),
    )


def notices_link() -> str:
    return _absolute(reverse("notices"))


def _absolute(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"


def _one(told: Told, givers: Mapping[int, str]) -> str:
    notice, subject = told
    lines = [
        wording.headline(notice, subject),
        wording.explanation(notice, givers),
        _absolute(subject.path),
    ]
    return "\n".join(line for line in lines if line)


def _many(told: Sequence[Told], givers: Mapping[int, str], max_length: int) -> str:
    """Oldest first; what has no room is counted, with a link to all of it."""
    text = f"{wording.many(len(told))}\n"
    for number, one in enumerate(told):
        entry = f"\n{_one(one, givers)}\n"
        left = len(told) - number
        tail = f"\n{wording.more(left)}: {notices_link()}\n"
        room = max_length - len(tail) if left > 1 else max_length
        if len(text) + len(entry) > room:
            return text + tail
        text += entry
    return text
