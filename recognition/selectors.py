"""What others may read of transcripts. Whoever asks has already passed `visible_to`."""

import re
from typing import Any

from django.db.models import Q, QuerySet

from common.sql import ask_planned
from recognition.models import IndexEntry, Phrase, SpeakerName, Transcript
from recordings import selectors as recordings
from recordings.models import Recording


def transcript_of(recording: Recording, *, version: int | None = None) -> Transcript | None:
    """The given version, or the newest."""
    found = recording.transcripts.order_by("-version")
    if version is not None:
        found = found.filter(version=version)
    newest: Transcript | None = found.first()
    return newest


def phrases_of(transcript: Transcript, *, dropped: bool = False) -> QuerySet[Phrase]:
    """Lines in order; with `dropped` those that were set aside instead."""
    lines = transcript.phrases.order_by("position")
    return lines.exclude(dropped="") if dropped else lines.filter(dropped="")


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
