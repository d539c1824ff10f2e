"""Which events are facts that people are told of."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from notifications import events
from notifications.choices import Fact
from notifications.subjects import Named, Subject


class Happening(NamedTuple):
    """A fact that an event holds."""

    fact: Fact
    what: str
    """Tells it from every other one: the same event, read again, says the same."""
    object: Named
    topic: str
    people: frozenset[int] | None
    """Who is told; None: whoever may watch the topic."""
    data: dict[str, Any]


Row = Mapping[str, Any]
Read = Callable[[Row, Subject], Happening | None]


def _of_status(row: Row, subject: Subject) -> Happening | None:
    data = row["data"]
    if data.get("to") == "failed":
        return _happening(Fact.RECOGNITION_FAILED, row, str(row["seq"]), error=subject.error)
    if data.get("to") == "ready" and subject.kind == "meeting" and subject.status == "ready":
        # Who starts recognition by himself has gone on already: nobody need be asked to.
        return _happening(Fact.READY_TO_RECOGNISE, row, row["object_id"])
    return None


def _of_transcript(row: Row, _subject: Subject) -> Happening | None:
    return _happening(Fact.RECOGNISED, row, f"{row['object_id']}.{row['data'].get('transcript')}")


def _of_summary(row: Row, _subject: Subject) -> Happening | None:
    return _happening(Fact.SUMMARY_READY, row, f"{row['object_id']}.{row['data'].get('summary')}")


def _of_access(row: Row, subject: Subject) -> Happening | None:
    people = frozenset(row["audience"] or ())
    found = _happening(Fact.ACCESS_GIVEN, row, str(row["seq"]), by=row["data"].get("by"))
    return found._replace(people=people, object=subject.of or found.object)


def _happening(fact: Fact, row: Row, what: str, **data: Any) -> Happening:
    named = (row["object_type"], row["object_id"])
    kept = {key: value for key, value in data.items() if value is not None}
    return Happening(fact, what, named, row["topic"], None, kept)


READERS: Final[dict[str, Read]] = {
    events.RECORDING_STATUS: _of_status,
    events.TRANSCRIPT_READY: _of_transcript,
    events.SUMMARY_READY: _of_summary,
    events.ACCESS_GIVEN: _of_access,
}
"""Type of an event -> what it means to people."""


def read(row: Row, subject: Subject) -> Happening | None:
    """The fact in an event (a row of its table), or None."""
    return READERS[row["type"]](row, subject)
