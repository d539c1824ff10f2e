"""Changing what a recording says of itself, and deleting it."""

from uuid import UUID

from django.db import OperationalError, transaction
from django.http import HttpRequest

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from notifications import events
from recordings import selectors
from recordings.models import Recording, Run, StepRun, StoredFile
from recordings.services import titles, values
from recordings.storage import files

TRIES = 5


def describe(
    recording: Recording, *, title: str | None = None, language: str | None = None
) -> Recording:
    """Set its title or language; None leaves it. Raises Invalid, Recording.DoesNotExist."""
    given = {
        "title": None if title is None else values.clean_text(title),
        "language": None if language is None else values.check_language(language),
    }
    changed = {name: value for name, value in given.items() if value is not None}
    if not changed:
        return recording
    with transaction.atomic():
        recording = Recording.objects.select_for_update().get(pk=recording.pk)
        for name, value in changed.items():
            setattr(recording, name, value)
        recording.save(update_fields=[*changed, "updated_at"])
        if "title" in changed:
            titles.note(recording)
        events.append(
            events.RECORDING_CHANGED,
            object_type="recording",
            object_id=recording.pk,
            topic=f"recording:{recording.pk}",
            data={"fields": sorted(changed)},
        )
    return recording


def delete(recording: Recording, *, by: User | None, request: HttpRequest | None = None) -> None:
    """Delete it with all that hangs on it; bytes go after the commit.

    It wins over work under way: whoever works on a step finds his row gone and stops, and his
    result is written nowhere.
    """
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                _delete(recording.pk, by=by, request=request)
            return
        except OperationalError as error:  # a deadlock with a step that was just being settled
            if not left or "deadlock" not in str(error):
                raise


def _delete(pk: UUID, *, by: User | None, request: HttpRequest | None) -> None:
    # The order of all locks here: steps, runs, recording (see pipeline.statements).
    list(StepRun.objects.select_for_update().filter(recording=pk).order_by("pk").values("pk"))
    list(Run.objects.select_for_update().filter(recording=pk).order_by("pk").values("pk"))
    locked = Recording.objects.select_for_update().filter(pk=pk).first()
    if locked is None:
        return  # somebody else was faster
    watchers = selectors.viewers_of([str(pk)]).get(str(pk), set()) | {locked.owner_id}
    kept = list(StoredFile.objects.filter(tracks__recording=pk).distinct())
    events.append(
        events.RECORDING_DELETED,
        object_type="recording",
        object_id=pk,
        topic=f"recording:{pk}",
        audience=sorted(watchers),
    )
    audit.record(
        by,
        Action.DELETE,
        "recording",
        pk,
        request=request,
        data={"number": locked.number, "owner": locked.owner_id},
    )
    locked.delete()
    files.discard(kept)
