"""What files for reading (txt, docx) show, cleaned and in words."""

from dataclasses import dataclass

from common.texts import one_row
from recognition.exports.base import Headings, TranscriptView, clock


@dataclass(frozen=True, slots=True)
class Row:
    """A line as it is read."""

    time: str
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Content:
    """`details`: when and how long. `items`: statements with the moments that prove them."""

    title: str
    details: tuple[str, ...]
    summary: str
    items: tuple[str, ...]
    rows: tuple[Row, ...]


def content_of(view: TranscriptView, headings: Headings) -> Content:
    """Put the transcript into words. Every text in it stays in one row."""
    details = [f"{headings.duration}: {clock(view.duration)}"]
    if view.started_at is not None:
        details.insert(0, f"{headings.started}: {view.started_at:%Y-%m-%d %H:%M}")
    note = f"({headings.stale})" if view.stale else ""
    rows = tuple(
        Row(clock(line.start), one_row(line.speaker), one_row(line.text)) for line in view.lines
    )
    return Content(
        title=one_row(view.title) or headings.untitled,
        details=tuple(details),
        summary=" ".join(one for one in (note, one_row(view.summary)) if one),
        items=_items(view, headings),
        rows=rows,
    )


def _items(view: TranscriptView, headings: Headings) -> tuple[str, ...]:
    starts = {line.id: clock(line.start) for line in view.lines}
    items = []
    for item in view.items:
        moments = ", ".join(starts[line] for line in item.evidence if line in starts)
        notes = [moments, "" if item.verified else headings.unverified]
        shown = "; ".join(note for note in notes if note)
        items.append(f"{one_row(item.text)} ({shown})" if shown else one_row(item.text))
    return tuple(items)
