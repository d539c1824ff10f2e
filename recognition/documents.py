"""A transcript as others read it: pages of lines, and files to take away."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from recognition import selectors
from recognition.assembly.values import Word
from recognition.editing.values import Line
from recognition.exports import headings, registry
from recognition.exports.anonymous import without_names
from recognition.exports.base import ExportedFile, LineView, SummaryItemView, TranscriptView
from recognition.models import Transcript
from recordings.models import Recording

FIELDS = ("id", "speaker", "track_id", "start", "end", "text", "words", "overlap")


def page(
    transcript: Transcript, *, after: int = 0, limit: int = 500, dropped: bool = False
) -> dict[str, Any]:
    """The contract's Transcript with lines after a phrase id; `last` is the id to go on from, or
    None at the end."""
    if dropped or not selectors.is_edited(transcript):
        found = selectors.phrases_of(transcript, dropped=dropped).filter(pk__gt=after)
        rows = list(found.order_by("pk").values(*FIELDS)[: limit + 1])
    else:
        rows = _corrected(transcript, after)[: limit + 1]
    more, rows = len(rows) > limit, rows[:limit]
    return {
        "id": transcript.pk,
        "version": transcript.version,
        "language": transcript.language,
        "engine": transcript.engine,
        "created_at": transcript.created_at,
        "phrases": shown(transcript.recording, rows),
        "last": rows[-1]["id"] if more else None,
    }


def shown(recording: Recording, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as the contract's phrases: speakers by the names that people gave them."""
    names = selectors.names_of(recording)
    for row in rows:
        row["track"] = row.pop("track_id")
        row["speaker"] = names.get(row["speaker"], row["speaker"])
    return rows


def export(
    transcript: Transcript, format: str, *, summary: bool = True, anonymous: bool = False
) -> ExportedFile:
    """The whole version as a file, with the summary where one is ready and wanted; without the
    names of its speakers as well as `exports.anonymous` can."""
    view = _view(transcript, summary=summary)
    if anonymous:
        also: dict[str, list[str]] = {}
        for label, name in selectors.names_of(transcript.recording).items():
            also.setdefault(name, []).append(label)
        view = without_names(view, speaker=_("Speaker {number}"), also=also)
    return registry.export(view, to=format, headings=headings.translated())


def download(
    transcript: Transcript, format: str, *, summary: bool = True, anonymous: bool = False
) -> HttpResponse:
    """The file as an answer that a browser saves and never shows."""
    file = export(transcript, format, summary=summary, anonymous=anonymous)
    answer = HttpResponse(file.content, content_type=file.content_type)
    plain = f"transcript.{format}"  # for programs that don't know the other form
    answer["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name)}"
    )
    answer["Cache-Control"] = "private, no-store"
    return answer


def _view(transcript: Transcript, *, summary: bool) -> TranscriptView:
    recording = transcript.recording
    names = selectors.names_of(recording)
    text, items, stale = _summary_of(recording.pk) if summary else ("", [], False)
    return TranscriptView(
        id=transcript.pk,
        version=transcript.version,
        title=recording.title,
        language=transcript.language,
        engine=transcript.engine,
        created_at=transcript.created_at,
        started_at=recording.started_at,
        duration=recording.duration,
        lines=tuple(_line(row, names) for row in _rows(transcript)),
        summary=text,
        items=tuple(SummaryItemView(*item) for item in items),
        stale=stale,
    )


def _rows(transcript: Transcript) -> list[dict[str, Any]]:
    if selectors.is_edited(transcript):
        return _corrected(transcript, 0)
    return list(selectors.phrases_of(transcript).values(*FIELDS))


def _corrected(transcript: Transcript, after: int) -> list[dict[str, Any]]:
    """Rows as they were corrected, behind the line `after`: they go by time, not by id."""
    lines = selectors.lines_of(transcript).lines
    place = next((number for number, line in enumerate(lines, 1) if line.id == after), 0)
    return [row_of(line) for line in lines[place:]]


def row_of(line: Line) -> dict[str, Any]:
    """A line as a row of a transcript, before `shown`."""
    return {
        "id": line.id,
        "speaker": line.speaker,
        "track_id": line.track,
        "start": line.start,
        "end": line.end,
        "text": line.text,
        "words": list(line.words),
        "overlap": line.overlap,
    }


def _line(row: dict[str, Any], names: dict[str, str]) -> LineView:
    return LineView(
        id=row["id"],
        speaker=names.get(row["speaker"], row["speaker"]),
        start=row["start"],
        end=row["end"],
        text=row["text"],
        words=tuple(Word(**word) for word in row["words"]),
        track=row["track_id"],
    )


SummaryValues = tuple[str, list[tuple[str, tuple[int, ...], bool]], bool]


def _summary_of(recording: UUID) -> SummaryValues:
    """Meaning lives above: it is asked by name."""
    found: SummaryValues = import_string(settings.SUMMARY_SOURCE)(recording)
    return found
