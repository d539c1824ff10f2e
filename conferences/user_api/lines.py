"""Lines of the newest version of a transcript."""

from typing import Any

from conferences.models import Identity, RemoteTrack, Session
from recognition import documents, selectors
from recordings.models import Recording

EVERYTHING = 10**9


def of(recording: Recording, *, language: str = "") -> list[dict[str, Any]]:
    """All of them in order; none where there is no text yet, or none in that language."""
    transcript = selectors.transcript_of(recording)
    if transcript is None or not _is(language, transcript.language):
        return []
    callers = _callers(recording)
    people = _people(recording, set(callers.values()))
    rows = documents.page(transcript, limit=EVERYTHING)["phrases"]
    return [
        _line(row, recording.number, transcript.language, callers.get(row["track"], ""), people)
        for row in rows
    ]


def _line(
    row: dict[str, Any], number: int, language: str, call_id: str, people: dict[str, int]
) -> dict[str, Any]:
    return {
        "id": row["id"],
        "transcription_id": number,
        "call_id": call_id,
        "user_id": people.get(call_id.lower()),
        "display_name": row["speaker"],
        "line": row["text"],
        "start_time": row["start"],
        "end_time": row["end"],
        "language": language,
    }


def _is(wanted: str, language: str) -> bool:
    """`ru` and `ru-RU` are the same language."""
    short = wanted.strip().lower().replace("_", "-").partition("-")[0]
    return not short or short == language.lower().partition("-")[0]


def _callers(recording: Recording) -> dict[int, str]:
    """Track -> login@server."""
    rows = RemoteTrack.objects.filter(track__recording=recording)
    return {track: call_id for track, call_id in rows.values_list("track_id", "call_id") if track}


def _people(recording: Recording, call_ids: set[str]) -> dict[str, int]:
    """login@server in lower case -> the id of his user here."""
    held = Session.objects.filter(recording=recording).values("conference__connection")
    known = Identity.objects.filter(
        connection__in=held, call_id__in=[call_id.lower() for call_id in call_ids]
    )
    return dict(known.values_list("call_id", "user_id"))
