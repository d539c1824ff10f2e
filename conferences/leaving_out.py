"""Leaving a participant out of sound and text: he asked for it, or somebody for him.

What was brought of him goes for good, what was not is never brought, in later sessions neither;
then the transcript is put together again without him.
"""

import logging
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from common.errors import Invalid, NotAllowed, NotFound, SaiError
from common.sql import ask
from conferences import part_file, selectors
from conferences.models import Conference, Participant, RemoteTrack
from conferences.sql import leaving
from recognition import services as recognition
from recognition.selectors import transcript_of
from recordings import selectors as recordings
from recordings import services
from recordings.choices import RecordingStatus, Right
from recordings.models import Recording, Run, Track
from recordings.services import awaited
from recordings.storage import get_storage

logger = logging.getLogger(__name__)
PIPELINE = "reassemble"


def leave_out(
    recording: Recording,
    *,
    call_id: str = "",
    track: int | None = None,
    by: User,
    request: HttpRequest | None = None,
) -> Run | None:
    """By his call id in the conference, or by a track. Returns the run that puts the transcript
    together again, where there is one to put together. Doing it twice changes nothing.

    Raises NotFound, NotAllowed unless it is `by` himself or he may delete the recording, and
    Conflict while the recording is on hold or worked on: then nothing has changed.
    """
    call_id = call_id.strip().lower()
    tracks = list(_tracks(recording, call_id, track))
    call_id = call_id or next((found for one in tracks if (found := _call_id(one))), "")
    _check(recording, call_id, tracks, by=by)
    with transaction.atomic():
        if call_id:
            _mark(recording, call_id)
        lost = _never_bring([one.pk for one in tracks])
        for one in tracks:
            recognition.leave_out(one, by=by, request=request)
        data = {"left_out": [one.pk for one in tracks], "of_the_conference": bool(call_id)}
        audit.record(by, Action.CHANGE, "recording", recording.pk, request=request, data=data)
    _remove_parts(lost)
    return put_together(recording, by=by)


def may_leave_out(user: User, recording: Recording, call_id: str) -> bool:
    """Whoever may delete it, and everybody himself."""
    own = selectors.call_id_of(user, recording)
    return bool(own and own == call_id) or recordings.allowed(user, recording, Right.DELETE)


def forget_late() -> None:
    """Tracks that came up later, of people who are left out: they are never brought."""
    with transaction.atomic():
        lost = _never_bring([])
    _remove_parts(lost)


def put_together(recording: Recording, *, by: User | None) -> Run | None:
    """The transcript anew from what is left, and its summary; None where there is nothing."""
    recording.refresh_from_db()
    if recording.status != RecordingStatus.DONE or not _is_known(recording):
        return None
    try:
        return services.process(recording, pipeline=PIPELINE, by=by)
    except SaiError as error:  # nobody is left, or the licence is over: the words are gone anyway
        logger.info("not put together", extra={"code": error.code})
        return None


def _is_known(recording: Recording) -> bool:
    """Whether what was heard is here, of every track that has lines: else they would be lost."""
    transcript = transcript_of(recording)
    if transcript is None:
        return False
    spoken = transcript.phrases.filter(track__isnull=False).values("track")
    without = recording.tracks.filter(pk__in=spoken, words__isnull=True)
    return spoken.exists() and not without.exists()


def _tracks(recording: Recording, call_id: str, track: int | None) -> QuerySet[Track]:
    """The one that was named, or all of one person's, in all sessions that share the recording."""
    found = recording.tracks.select_related("remote").order_by("position")
    if call_id:
        return found.filter(remote__call_id__iexact=call_id)
    if track is None:
        raise Invalid(_("Say whom: “call_id” or “track”."), code="whom")
    return found.filter(pk=track)


def _call_id(track: Track) -> str:
    remote: RemoteTrack | None = getattr(track, "remote", None)
    return remote.call_id.lower() if remote else ""


def _check(recording: Recording, call_id: str, tracks: Sequence[Track], *, by: User) -> None:
    there = Participant.objects.filter(conference__sessions__recording=recording, call_id=call_id)
    if not tracks and not (call_id and there.exists()):
        raise NotFound(_("There is no such participant or track."))
    if not may_leave_out(by, recording, call_id):
        raise NotAllowed(
            _("You may leave yourself out; others only with the right to delete the recording.")
        )


def _mark(recording: Recording, call_id: str) -> None:
    """In the conference, so that it counts for sessions to come."""
    for conference in Conference.objects.filter(sessions__recording=recording).distinct():
        conference.participants.update_or_create(call_id=call_id, defaults={"left_out": True})


def _never_bring(tracks: Sequence[int]) -> list[dict[str, Any]]:
    """Of everybody who is left out, and these tracks: what was not brought yet."""
    rows = ask(leaving.LEAVE_OUT, tracks=list(tracks))
    for row in rows:
        if row["track_id"]:
            awaited.give_up(row["track_id"])
            Track.objects.filter(pk=row["track_id"]).update(left_out=True)
    return rows


def _remove_parts(lost: Sequence[dict[str, Any]]) -> None:
    """Whoever still writes one has lost it: he stops at his next renewal."""
    for row in lost:
        part_file.place_of(get_storage(), row["id"]).unlink(missing_ok=True)
