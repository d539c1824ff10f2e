"""Recordings as transcriptions: plain dictionaries, a page of them in a few statements."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from common.sql import ask
from conferences.models import Session
from conferences.user_api import statuses
from conferences.user_api.levels import Reach
from conferences.user_api.statuses import StatusId
from recordings.models import Recording
from recordings.wording import told

LIVE = """
SELECT r.recording_id AS id, r.status,
       COALESCE(avg(s.progress) FILTER (WHERE s.step LIKE %(hearing)s), 0)::float8 AS progress
FROM recordings_run r LEFT JOIN recordings_steprun s ON s.run_id = r.id
WHERE r.recording_id = ANY(%(ids)s) AND r.status IN ('queued', 'running')
GROUP BY r.recording_id, r.status"""
WRITTEN = """
SELECT recording_id AS id, max(created_at) AS at FROM recognition_transcript
WHERE recording_id = ANY(%(ids)s) GROUP BY recording_id"""
Card = dict[str, Any]


def cards(recordings: Sequence[Recording], user: Any) -> list[Card]:
    """`recordings` carry `status_id` (see `statuses.annotate`)."""
    ids = [one.pk for one in recordings]
    live = {row["id"]: row for row in ask(LIVE, ids=ids, hearing=f"{statuses.HEARING}%")}
    written = {row["id"]: row["at"] for row in ask(WRITTEN, ids=ids)}
    held = _sessions_of(ids)
    reach = Reach(user, ids)
    return [
        _card(one, live.get(one.pk, {}), written.get(one.pk), held.get(one.pk), reach)
        for one in recordings
    ]


def _sessions_of(ids: Sequence[UUID]) -> dict[UUID, list[Session]]:
    """The sessions that became each recording, in order of time."""
    found: dict[UUID, list[Session]] = {}
    rows = Session.objects.filter(recording__in=ids).select_related("conference")
    for row in rows.order_by("started_at", "pk"):
        if row.recording_id is not None:
            found.setdefault(row.recording_id, []).append(row)
    return found


def _card(
    one: Any,
    live: dict[str, Any],
    written: dt.datetime | None,
    sessions: list[Session] | None,
    reach: Reach,
) -> Card:
    conference = sessions[0].conference if sessions else None
    base = settings.PUBLIC_URL
    return {
        "id": one.number,
        "conference_id": conference.remote_id if conference else None,
        "session_id": sessions[0].remote_id if sessions else None,
        "display_name": one.title or (conference.topic if conference else ""),
        "duration": one.duration,
        "language": one.language,
        "transcription_status_id": one.status_id,
        "status": statuses.name_of(one.status_id, one.status, live.get("status", "")),
        "status_note": (told(one.error) or {}).get("message", ""),
        "recognition_progress": _progress(one.status_id, live),
        "started_at": moment(one.started_at or (sessions[0].started_at if sessions else None)),
        "finished_at": moment(_end(one, sessions)),
        "created_at": moment(one.created_at),
        "recognized_at": moment(written),
        "access_level": reach.level(one.pk),
        "rights": reach.rights(one.pk),
        "tcs_id": conference.connection_id if conference else None,
        "transcription_url": base + reverse("recording", args=[one.pk]),
        "audio_url": base + reverse("user-api-audio", args=[one.number]),
    }


def _progress(status_id: int, live: dict[str, Any]) -> int:
    if status_id == StatusId.RECOGNIZED:
        return 100
    return round(live.get("progress", 0)) if status_id == StatusId.RECOGNIZING else 0


def _end(one: Recording, sessions: list[Session] | None) -> dt.datetime | None:
    ends = [row.stopped_at for row in sessions or () if row.stopped_at]
    if ends:
        return max(ends)
    return one.started_at + dt.timedelta(seconds=one.duration) if one.started_at else None


def moment(moment: dt.datetime | None) -> str | None:
    """ISO 8601 with the installation's offset."""
    return timezone.localtime(moment).isoformat() if moment else None
