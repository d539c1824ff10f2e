"""One recording takes in another: its tracks, in their place in time. The other one goes."""

from django.db.models import Max
from django.http import HttpRequest

from accounts.models import User
from recordings.models import Recording
from recordings.services import life


def absorb(
    recording: Recording, other: Recording, *, by: User, request: HttpRequest | None = None
) -> None:
    """In the caller's transaction, who holds both rows; nothing of either runs.

    Tracks keep what was heard in them; transcripts and summaries of the other go with it.
    """
    start, later = recording.started_at, other.started_at
    shift = max((later - start).total_seconds(), 0.0) if start and later else recording.duration
    last = recording.tracks.aggregate(last=Max("position"))["last"]
    place = 0 if last is None else last + 1
    end = recording.duration
    for position, track in enumerate(other.tracks.order_by("position"), start=place):
        track.recording, track.position, track.offset = recording, position, track.offset + shift
        track.save(update_fields=["recording", "position", "offset", "updated_at"])
        end = max(end, track.offset + track.duration)
    recording.duration = end
    recording.incomplete = recording.incomplete or other.incomplete
    recording.save(update_fields=["duration", "incomplete", "updated_at"])
    life.delete(other, by=by, request=request)
