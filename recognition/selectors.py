"""What others may read of transcripts. Whoever asks has already passed `visible_to`."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from common.sql import ask_planned
from recognition.editing.overlay import lay, within_reach
from recognition.editing.values import Correction, Laid, Line
from recognition.models import Edit, IndexEntry, Phrase, SpeakerName, Transcript
from recordings import selectors as recordings
from recordings.models import Recording

_LINE = ("id", "track_id", "speaker", "start", "end", "text", "overlap")


def transcript_of(recording: Recording, *, version: int | None = None) -> Transcript | None:
    """The given version, or the newest."""
    found = recording.transcripts.order_by("-version")
    if version is not None:
        found = found.filter(version=version)
    newest: Transcript | None = found.first()
    return newest


def newest_of(recording: UUID) -> Transcript | None:
    """The newest version of the recording of that id."""
    return Transcript.objects.filter(recording=recording).order_by("-version").first()


def phrases_of(transcript: Transcript, *, dropped: bool = False) -> QuerySet[Phrase]:
    """Lines in order; with `dropped` those that were set aside instead."""
    lines = transcript.phrases.order_by("position")
    return lines.exclude(dropped="") if dropped else lines.filter(dropped="")


def lines_of(transcript: Transcript, *, raw: bool = False) -> Laid:
    """Its lines as people corrected them, by time, and the corrections that found nothing here;
    `raw`: as the engine heard them."""
    base = [
        _line(row, tuple(row["words"])) for row in phrases_of(transcript).values(*_LINE, "words")
    ]
    corrections = [] if raw else [correction_of(edit) for edit in edits_of(transcript)]
    return lay(base, corrections) if corrections else Laid(tuple(base), ())


def sketch_of(transcript: Transcript, *, around: int | None = None) -> Laid:
    """`lines_of` of a long meeting at a quarter of its price: only lines near a correction, or near
    the line `around`, have their words one by one; `words_of` fetches those of other lines."""
    rows = list(phrases_of(transcript).values(*_LINE))
    corrections = [correction_of(edit) for edit in edits_of(transcript)]
    middle = next((row for row in rows if row["id"] == around), None)
    places = [_correction_at(middle["track_id"], middle["start"], middle["end"])] if middle else []
    near = within_reach([*corrections, *places])
    words = words_of(row["id"] for row in rows if near(row["track_id"], row["start"]))
    return lay([_line(row, words.get(row["id"], ())) for row in rows], corrections)


def _correction_at(track: int | None, start: float, end: float) -> Correction:
    """One that may be made there."""
    return Correction(id=0, kind=Edit.Kind.TEXT, track=track, start=start, end=end, before=())


def words_of(lines: Iterable[int]) -> dict[int, tuple[dict[str, Any], ...]]:
    """Phrase id -> its words one by one, as they were heard."""
    rows = Phrase.objects.filter(pk__in=list(lines)).values_list("pk", "words")
    return {pk: tuple(words) for pk, words in rows}


def _line(row: dict[str, Any], words: tuple[dict[str, Any], ...]) -> Line:
    return Line(
        id=row["id"],
        track=row["track_id"],
        speaker=row["speaker"],
        start=row["start"],
        end=row["end"],
        text=row["text"],
        words=words,
        overlap=row["overlap"],
    )


def speakers_of(transcript: Transcript) -> list[str]:
    """Labels of who speaks in it, as corrected, in the order in which they first do."""
    if not is_edited(transcript):
        return list(dict.fromkeys(phrases_of(transcript).values_list("speaker", flat=True)))
    return list(dict.fromkeys(line.speaker for line in sketch_of(transcript).lines))


def mark_of(transcript: Transcript) -> str:
    """Says which corrections lie over it: the same mark, the same lines. Empty: none."""
    keys = ",".join(str(pk) for pk in edits_of(transcript).values_list("pk", flat=True))
    return hashlib.sha256(keys.encode()).hexdigest()[:32] if keys else ""


def is_edited(transcript: Transcript) -> bool:
    return edits_of(transcript).exists()


def edits_of(transcript: Transcript) -> QuerySet[Edit]:
    """Corrections that count for it, in the order in which they were made."""
    return Edit.objects.filter(
        recording=transcript.recording_id, version__lte=transcript.version, undone_at=None
    ).order_by("id")


def correction_of(edit: Edit) -> Correction:
    """It as a plain value."""
    return Correction(
        id=edit.pk,
        kind=edit.kind,
        track=edit.track_id,
        start=edit.start,
        end=edit.end,
        before=tuple(edit.before),
        after=edit.after,
    )


def edited_at(recordings: Iterable[UUID]) -> dict[UUID, dt.datetime]:
    """Recording -> when its words were last corrected, or a correction taken back."""
    rows = Edit.objects.filter(recording__in=list(recordings)).values("recording")
    last = rows.annotate(at=Max(Greatest("created_at", Coalesce("undone_at", "created_at"))))
    return {row["recording"]: row["at"] for row in last}


def names_of(recording: Recording) -> dict[str, str]:
    """Label -> the name people gave it."""
    return dict(SpeakerName.objects.filter(recording=recording).values_list("label", "name"))


STEMS = "websearch_to_tsquery('russian', recognition_fold(%(q)s))"
STEMS_OR_WORDS = f"({STEMS} || websearch_to_tsquery('simple', recognition_fold(%(q)s)))"
SEARCH = """
WITH found AS MATERIALIZED (
    SELECT e.id, e.recording_id, e.kind, e.object_id, e.text, e.start, e.words
    FROM recognition_indexentry e
    WHERE e.words @@ {query} AND {visible}
    ORDER BY e.id DESC LIMIT %(candidates)s
), best AS (
    SELECT found.*, ts_rank(found.words, {query}) AS rank FROM found
    ORDER BY rank DESC, id DESC LIMIT %(limit)s
)
SELECT best.recording_id AS recording, best.kind, best.object_id, best.start, best.rank,
       ts_headline('russian', best.text, {query},
           'StartSel=\x02,StopSel=\x03,MaxWords=30,MinWords=12') AS snippet,
       r.title, r.created_at
FROM best JOIN recordings_recording r ON r.id = best.recording_id
ORDER BY best.rank DESC, best.id DESC"""
"""The query stands in it as a constant: PostgreSQL then knows how common its words are, and takes
the newest entries for common ones and the index of words for others (8 ms instead of 580)."""
_EXCLUDES = re.compile(r"(^|\s)-\S")
"""With "-word" only stems count: a plain form that is not there would excuse the stemmed one."""
CANDIDATES = 2000
"""Ranking looks at every match: of the commonest words only the newest so many are ranked."""


def contains(text: str) -> Q:
    """A condition on recordings: somewhere in their titles, phrases or summaries it stands."""
    query = STEMS if _EXCLUDES.search(text) else STEMS_OR_WORDS
    values = [text[:500]] * query.count("%(q)s")
    found = IndexEntry.objects.extra(  # noqa: S610  constants, and the text as a parameter
        where=[f"words @@ {query.replace('%(q)s', '%s')}"], params=values
    )
    return Q(pk__in=found.values("recording_id"))


def search(user: Any, text: str, *, limit: int = 50) -> list[dict[str, Any]]:
    """Phrases, titles and summaries that this person may see, best first.

    `snippet` marks what was found with \\x02 and \\x03, which no text contains.
    """
    if not text.strip():
        return []
    visible, values = recordings.visible_sql(user, id="e.recording_id")
    query = STEMS if _EXCLUDES.search(text) else STEMS_OR_WORDS
    return ask_planned(
        SEARCH.format(visible=visible, query=query),
        q=text.replace("\x00", " ")[:500],
        limit=limit,
        candidates=CANDIDATES,
        **values,
    )
