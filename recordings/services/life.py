"""The end of a recording's life: the trash, the way back, legal hold, and sound that goes first."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from common.errors import Conflict
from notifications import events
from recordings import selectors
from recordings.choices import TrackStatus
from recordings.models import Recording, Run, StepRun, StorageSettings, StoredFile, Track
from recordings.pipeline import leases
from recordings.services import values
from recordings.storage import files

TRIES = 5
TRASH_DAYS = 30


def trash_days() -> int:
    """How long the trash keeps things; 0: there is none."""
    given = StorageSettings.objects.filter(pk=1).values_list("trash_days", flat=True).first()
    return TRASH_DAYS if given is None else given


def trash(recording: Recording, *, by: User | None, request: HttpRequest | None = None) -> None:
    """Put it into the trash: for everybody it is gone, for a while it can be restored.

    Work under way is cancelled. Without a trash it is deleted for good. Conflict while on hold.
    """
    if not trash_days():
        delete(recording, by=by, request=request)
        return
    _insisting(lambda: _trash(recording.pk, by=by, request=request))


def restore(recording: Recording, *, by: User | None, request: HttpRequest | None = None) -> None:
    """Take it out of the trash; nothing happens when it isn't there."""
    with transaction.atomic():
        locked = Recording.objects.select_for_update().filter(
            pk=recording.pk, trashed_at__isnull=False
        )
        if not locked.update(trashed_at=None, trashed_by=None):
            return
        _tell(events.RECORDING_RESTORED, recording.pk)
        audit.record(by, Action.RESTORE, "recording", recording.pk, request=request)
    recording.trashed_at = None


def delete(recording: Recording, *, by: User | None, request: HttpRequest | None = None) -> None:
    """Delete it with all that hangs on it; bytes go after the commit. Conflict while on hold.

    It wins over work under way: whoever works on a step finds his row gone and stops, and his
    result is written nowhere.
    """
    _insisting(lambda: _delete(recording.pk, by=by, request=request))


def hold(
    recording: Recording, *, on: bool, by: User | None, request: HttpRequest | None = None
) -> None:
    """Legal hold: while it is on, nothing of it is deleted, by nobody and no rule."""
    with transaction.atomic():
        if Recording.objects.filter(pk=recording.pk).exclude(on_hold=on).update(on_hold=on):
            audit.record(
                by, Action.HOLD, "recording", recording.pk, request=request, data={"on": on}
            )
    recording.on_hold = on


def tag(recording: Recording, tags: Iterable[str], *, by: User | None) -> list[str]:
    """Give it exactly these tags (lower case, each once); rules of retention ask for them."""
    wanted = sorted({values.clean_text(one, limit=60).lower() for one in tags} - {""})
    with transaction.atomic():
        if Recording.objects.filter(pk=recording.pk).exclude(tags=wanted).update(tags=wanted):
            _tell(events.RECORDING_CHANGED, recording.pk, data={"fields": ["tags"]})
            audit.record(by, Action.CHANGE, "recording", recording.pk, data={"tags": wanted})
    recording.tags = wanted
    return wanted


def purge_sound(
    recording: Recording,
    *,
    by: User | None = None,
    tracks: Iterable[int] | None = None,
    request: HttpRequest | None = None,
) -> int:
    """Delete the sound of its tracks (or of those named) and leave the words: how many.

    Conflict while it is on hold or worked on.
    """
    with transaction.atomic():
        locked = Recording.objects.select_for_update().get(pk=recording.pk)
        _refuse_held(locked)
        if selectors.live_run(locked):
            raise Conflict(
                _("It is being processed; wait for the end or cancel that first."),
                code="already_running",
            )
        chosen: QuerySet[Track] = locked.tracks.filter(status=TrackStatus.STORED)
        if tracks is not None:
            chosen = chosen.filter(pk__in=list(tracks))
        ids = list(chosen.values_list("pk", flat=True))
        if not ids:
            return 0
        kept = list(StoredFile.objects.filter(tracks__in=ids).distinct())
        Track.objects.filter(pk__in=ids).update(status=TrackStatus.PURGED, file=None)
        for name in settings.SOUND_MADE:
            kept += import_string(name)(locked)
        _tell(events.RECORDING_CHANGED, locked.pk, data={"fields": ["tracks"]})
        audit.record(
            by, Action.PURGE, "recording", locked.pk, request=request, data={"tracks": ids}
        )
        files.discard(kept)
    return len(ids)


def _insisting(change: Callable[[], None]) -> None:
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                change()
            return
        except OperationalError as error:  # a deadlock with a step that was just being settled
            if not left or "deadlock" not in str(error):
                raise


def _lock(pk: UUID) -> Recording | None:
    """The order of all locks here: steps, runs, recording (see pipeline.statements)."""
    list(StepRun.objects.select_for_update().filter(recording=pk).order_by("pk").values("pk"))
    list(Run.objects.select_for_update().filter(recording=pk).order_by("pk").values("pk"))
    found: Recording | None = Recording.objects.select_for_update().filter(pk=pk).first()
    if found is not None:
        _refuse_held(found)
    return found


def _refuse_held(recording: Recording) -> None:
    if recording.on_hold:
        raise Conflict(
            _("It is under legal hold: nothing of it may be deleted."),
            code="on_hold",
            next_action=_("An administrator can end the hold."),
        )


def _trash(pk: UUID, *, by: User | None, request: HttpRequest | None) -> None:
    locked = _lock(pk)
    if locked is None or locked.trashed_at:
        return
    watchers = _watchers(locked)
    if run := selectors.live_run(locked):
        leases.cancel(run.pk)
    Recording.objects.filter(pk=pk).update(
        trashed_at=Now(), trashed_by=by.pk if by else None, updated_at=Now()
    )
    _tell(events.RECORDING_DELETED, pk, audience=watchers)
    _record(Action.TRASH, locked, by=by, request=request)


def _delete(pk: UUID, *, by: User | None, request: HttpRequest | None) -> None:
    locked = _lock(pk)
    if locked is None:
        return  # somebody else was faster
    if locked.trashed_at is None:
        _tell(events.RECORDING_DELETED, pk, audience=_watchers(locked))
    kept = list(StoredFile.objects.filter(tracks__recording=pk).distinct())
    for name in settings.SOUND_MADE:
        kept += import_string(name)(locked)
    _record(Action.DELETE, locked, by=by, request=request)
    locked.delete()
    files.discard(kept)


def _watchers(recording: Recording) -> list[int]:
    pk = str(recording.pk)
    return sorted(selectors.viewers_of([pk]).get(pk, set()) | {recording.owner_id})


def _record(
    action: Action, recording: Recording, *, by: User | None, request: HttpRequest | None
) -> None:
    data = {"number": recording.number, "owner": recording.owner_id}
    audit.record(by, action, "recording", recording.pk, request=request, data=data)


def _tell(
    type: str, pk: UUID, *, data: dict[str, Any] | None = None, audience: list[int] | None = None
) -> None:
    events.append(
        type,
        object_type="recording",
        object_id=pk,
        topic=f"recording:{pk}",
        data=data,
        audience=audience,
    )
