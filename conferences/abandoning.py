"""Tracks that nobody will ask for any more: their recordings must not wait for ever.

A server that is switched off, read only, refuses us or has been silent for longer than a track is
waited for gives nothing; nor does one whose connection is deleted.
"""

from django.db import transaction

from common.sql import ask
from conferences.models import Connection
from recordings.choices import RecordingStatus, TrackStatus
from recordings.models import Recording
from recordings.services import awaited

ABANDON = """
UPDATE conferences_remotetrack t SET status = 'missing', updated_at = now()
FROM conferences_connection c, conferences_session s
WHERE c.id = t.connection_id AND s.id = t.session_id AND t.status = 'pending'
    AND s.status = 'downloading'
    AND GREATEST(t.created_at, COALESCE(s.stopped_at, t.created_at))
        + c.track_patience_hours * interval '1 hour' < now()
    AND (NOT c.enabled OR c.access <> 'full' OR c.status IN ('rejected', 'off')
        OR (c.status = 'away' AND COALESCE(c.polled_at, c.created_at)
            + c.track_patience_hours * interval '1 hour' < now()))
RETURNING t.track_id"""


@transaction.atomic
def give_up_silent() -> int:
    """Tracks of servers that can't be asked, once patience is over: how many."""
    rows = ask(ABANDON)
    for row in rows:
        if row["track_id"]:
            awaited.give_up(row["track_id"])
    return len(rows)


def release_recordings(connection: Connection) -> None:
    """Before the connection goes: what waits for its tracks is ready with what is here. In the
    caller's transaction."""
    waiting = Recording.objects.filter(
        sessions__conference__connection=connection, status=RecordingStatus.WAITING_MEDIA
    )
    for recording in waiting.distinct():
        pending = recording.tracks.filter(status=TrackStatus.PENDING)
        for track in list(pending.values_list("pk", flat=True)):
            awaited.give_up(track)
        awaited.arrive(recording, incomplete=True)
