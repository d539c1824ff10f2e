"""A call that broke becomes one talk again: sessions of one conference in one recording."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from common.errors import Conflict, Invalid
from common.sql import ask
from conferences.models import Conference, Session
from recordings import selectors, services
from recordings.choices import RecordingStatus, Right, TrackStatus
from recordings.models import Recording
from recordings.pipeline.patience import insist
from recordings.services import absorbing

HEARD = """
SELECT w.track_id FROM recognition_trackwords w JOIN recordings_track t ON t.id = w.track_id
WHERE t.recording_id = %(recording)s"""


def join(
    recordings: Iterable[Recording], *, by: User, request: HttpRequest | None = None
) -> Recording:
    """The recordings' tracks in the one that begins first, each where it was heard; the others go.

    What was recognised stays so: only the transcript is put together anew. Raises Invalid where
    they are not of one conference, Conflict where something runs or he may not.
    """
    ids = sorted({one.pk for one in recordings}, key=str)
    return insist(lambda: _join(ids, by, request))


@transaction.atomic
def _join(ids: Sequence[UUID], by: User, request: HttpRequest | None) -> Recording:
    sessions = list(
        Session.objects.select_for_update(of=("self",))
        .filter(recording__in=ids)
        .order_by("started_at", "id")
    )
    if len({one.recording_id for one in sessions}) < 2:
        raise Invalid(_("Choose at least two recordings of meetings."), code="nothing_to_join")
    if len({one.conference_id for one in sessions}) > 1 or {
        one.recording_id for one in sessions
    } != set(ids):
        raise Invalid(
            _("Only sessions of one conference can be joined."),
            code="not_one_conference",
            next_action=_("Choose recordings that were made of the same conference."),
        )
    locked = _locked(ids)
    for one in locked:
        _check(one, by)
    first, *rest = sorted(locked, key=lambda one: (one.started_at or one.created_at, one.number))
    was_heard = any(one.status != RecordingStatus.READY for one in locked)
    for other in rest:
        Session.objects.filter(recording=other).update(recording=first)
        absorbing.absorb(first, other, by=by, request=request)
    Session.objects.filter(recording=first).update(started_recognition=was_heard)
    Conference.objects.filter(pk=sessions[0].conference_id).update(access_due=True)
    audit.record(
        by,
        Action.CHANGE,
        "recording",
        first.pk,
        request=request,
        data={"joined": [str(one.pk) for one in rest]},
    )
    if was_heard:
        services.process(first, tracks=_to_hear(first), by=by)
    return first


def _locked(ids: Sequence[UUID]) -> list[Recording]:
    return list(Recording.objects.select_for_update().filter(pk__in=ids).order_by("pk"))


def _check(recording: Recording, by: User) -> None:
    if not selectors.allowed(by, recording, Right.DELETE):
        raise Conflict(
            _("You may not delete one of these recordings, and joining does."), code="not_allowed"
        )
    busy = (RecordingStatus.PROCESSING, RecordingStatus.WAITING_MEDIA)
    if recording.status in busy or selectors.live_run(recording):
        raise Conflict(
            _("One of these recordings is still being worked on."),
            code="already_running",
            next_action=_("Wait for its end, or cancel it; then join."),
        )
    if recording.on_hold:
        raise Conflict(_("One of these recordings is under legal hold."), code="on_hold")


def _to_hear(recording: Recording) -> list[int]:
    """Tracks nobody has heard yet; where all were heard, the shortest: a run needs one."""
    heard = {row["track_id"] for row in ask(HEARD, recording=recording.pk)}
    stored = recording.tracks.filter(status=TrackStatus.STORED).order_by("duration")
    ids = [one.pk for one in stored]
    return [one for one in ids if one not in heard] or ids[:1]
