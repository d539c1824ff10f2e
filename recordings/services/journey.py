"""Sending a recording along a pipeline, and calling it back."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from common.errors import Conflict, Invalid
from common.sql import ask
from engines.stt.registry import TRANSCRIBERS
from notifications import events
from recordings import hints, selectors, usage
from recordings.choices import Executor, Priority, RecordingStatus, TrackStatus
from recordings.models import Recording, Run, StepRun, Track
from recordings.pipeline import leases
from recordings.pipeline.statements import TURN
from recordings.pipeline.step import Step, steps_of
from recordings.services import values


def process(
    recording: Recording,
    *,
    pipeline: str | None = None,
    params: Mapping[str, Any] | None = None,
    tracks: Iterable[int] | None = None,
    priority: Priority = Priority.NORMAL,
    by: Any = None,
) -> Run:
    """Writes the whole journey down and wakes whoever does its first step.

    `tracks` (ids) limits the steps done per track. Conflict when a run is under way or there is no
    sound yet; Invalid when the pipeline or a track does not exist; LicenceLimit; what a guard of
    an upper floor raises (`PROCESS_GUARDS` in wiring).
    """
    name = values.check_pipeline(pipeline) or default_pipeline(recording.kind)
    _check_engine((params or {}).get("engine"))
    for guard in settings.PROCESS_GUARDS:
        import_string(guard)(recording)
    with transaction.atomic():
        usage.admit(recording, pipeline=name)  # before the row: whoever waits here holds nothing
        locked = Recording.objects.select_for_update().get(pk=recording.pk)
        chosen = _sound_of(locked, tracks)
        if selectors.live_run(locked):
            raise Conflict(
                _("It is being processed already; cancel that run or wait for its end."),
                code="already_running",
            )
        run = _create_run(locked, name, params or {}, priority, by)
        queues = _create_steps(run, locked, chosen)
        _to_processing(locked)
        recording.status, recording.error = locked.status, None
        for queue in queues:
            hints.wake(queue)
    return run


HEARING = "transcribe"
"""The kind of the step that a speech engine does."""
REMOTE = "remote"
"""As the name of a speech engine: any engine of the gateway, and none of ours."""


def engine_names() -> list[str]:
    """Speech engines that a run may ask for: the installation's own first."""
    own = str(settings.RECOGNITION["engine"])
    return [own, *sorted({*TRANSCRIBERS, REMOTE} - {"fake", own})]


def _executor(asked: Any, step: type[Step], kinds: set[str]) -> Executor:
    """Who may do a step. The engine that was asked for is the one that hears, where one does."""
    if not step.kind:
        return Executor.ANY
    meant = asked if step.kind == HEARING or HEARING not in kinds else None
    own = settings.RECOGNITION["engine"] if step.kind == HEARING else settings.ANALYTICS["url"]
    if (meant or own) == REMOTE:
        return Executor.ENGINE
    return Executor.LOCAL if meant and step.kind == HEARING else Executor.ANY


def _check_engine(name: Any) -> None:
    """Refused now rather than by the step: whoever asked is still there."""
    known = engine_names()
    if name and name not in known:
        raise Invalid(
            _("There is no speech engine of that name."),
            code="unknown_engine",
            next_action=_("Use one of: %(known)s.") % {"known": ", ".join(known)},
        )


def default_pipeline(kind: str) -> str:
    """The pipeline with the kind's own name."""
    return kind if kind in settings.PIPELINES else "upload"


def cancel(recording: Recording) -> bool:
    """Ends the run under way; False when there was none. Engines stop at their next heartbeat."""
    run = selectors.live_run(recording)
    return leases.cancel(run.pk) if run else False


def _sound_of(recording: Recording, wanted: Iterable[int] | None) -> list[Track]:
    tracks = list(recording.tracks.filter(status=TrackStatus.STORED, left_out=False))
    if not tracks:
        raise Conflict(_("There is no sound to work on yet."), code="no_sound")
    if wanted is None:
        return tracks
    ids = set(wanted)
    if unknown := ids - {track.pk for track in tracks}:
        raise Invalid(
            _("This recording has no stored track %(ids)s.") % {"ids": sorted(unknown)},
            code="unknown_track",
        )
    return [track for track in tracks if track.pk in ids]


def _create_run(
    recording: Recording, pipeline: str, params: Mapping[str, Any], priority: Priority, by: Any
) -> Run:
    turn = ask(TURN, owner=recording.owner_id, priority=int(priority))[0]["greatest"]
    run = Run.objects.create(
        recording=recording,
        owner_id=recording.owner_id,
        pipeline=pipeline,
        params=dict(params),
        priority=priority,
        turn=turn,
        requested_by=getattr(by, "pk", None),
    )
    events.append(
        events.RUN_STATUS,
        object_type="run",
        object_id=run.pk,
        topic=f"recording:{recording.pk}",
        data={"from": None, "to": run.status, "recording": recording.pk, "pipeline": pipeline},
    )
    return run


def _create_steps(run: Run, recording: Recording, tracks: list[Track]) -> list[str]:
    """One row per step, or per step and track; the queues of those that are ready now."""
    steps = steps_of(run.pipeline)
    kinds = {step.kind for _, step in steps}
    asked = run.params.get("engine")
    whole = recording.duration or max((track.duration for track in tracks), default=0)
    rows = [
        StepRun(
            run=run,
            recording=recording,
            track=track,
            position=position,
            step=name,
            queue=step.queue,
            executor=_executor(asked, step, kinds),
            priority=run.priority,
            turn=run.turn,
            ready_at=Now() if position == 0 else None,  # the database's clock, not ours
            cost=(track.speech or track.duration) if track else whole,
        )
        for position, (name, step) in enumerate(steps)
        for track in (tracks if step.per_track else [None])
    ]
    StepRun.objects.bulk_create(rows)
    first = [row for row in rows if row.position == 0]
    Run.objects.filter(pk=run.pk).update(remaining=len(first))
    run.remaining = len(first)
    return sorted({row.queue for row in first})


def _to_processing(recording: Recording) -> None:
    before = recording.status
    recording.status = RecordingStatus.PROCESSING
    recording.error = None
    recording.save(update_fields=["status", "error", "updated_at"])
    events.append(
        events.RECORDING_STATUS,
        object_type="recording",
        object_id=recording.pk,
        topic=f"recording:{recording.pk}",
        data={"from": before, "to": recording.status},
    )
