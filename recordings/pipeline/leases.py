"""Claiming steps, keeping them and letting them go: the only code that changes a step's row.

Every function is one short transaction; none of them waits for anything but PostgreSQL.
"""

import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction
from psycopg.types.json import Jsonb

from accounts import licences
from common.errors import Untranslated, as_stored
from common.errors import gettext_noop as _
from common.sql import ask
from notifications import events
from recordings.choices import Queue, RunStatus, StepStatus
from recordings.conf import conf
from recordings.models import StepRun
from recordings.pipeline import statements

FIRST_DELAY, LONGEST_DELAY = 2.0, 300.0
MAX_LOST = 5
"""A step whose worker vanished this often is not given to yet another one."""


def claim(queue: str, *, worker: str) -> StepRun | None:
    """Takes the next ready step of a queue, by class, turn and age; None when there is none."""
    with licensed(queue) as free:
        values = {"queue": queue, "worker": worker, "lease": conf().lease_seconds}
        rows = ask(statements.CLAIM, **values) if free else []
    if not rows:
        return None
    events.tell()
    return StepRun(**rows[0])


@contextmanager
def licensed(queue: str) -> Iterator[bool]:
    """Whether one more may be heard now. Where the licence sets a limit, one claims at a time."""
    limit = "simultaneous_recognitions"
    if queue != Queue.GPU or licences.allowed(limit) is None:
        yield True
        return
    with transaction.atomic():
        yield licences.has_room(limit)


def settle(step: StepRun, status: StepStatus) -> list[str] | None:
    """Marks it done or skipped and moves its run on: the queues that have new work.

    None when another attempt holds the step: nothing was changed.
    """
    count, queues = ask(statements.PASS, id=step.pk, attempt=step.attempt, status=status.value)[
        0
    ].values()
    events.tell()
    return queues if count else None


def retry(step: StepRun, *, error: Mapping[str, Any]) -> bool:
    """Puts it back, to be tried again after a jittered, growing delay."""
    delay = min(LONGEST_DELAY, FIRST_DELAY * 4**step.failures) * random.uniform(0.75, 1.25)  # noqa: S311 not a secret
    rows = ask(
        statements.RETRY,
        id=step.pk,
        attempt=step.attempt,
        delay=delay * conf().retry_pace,
        error=Jsonb(dict(error)),
    )
    events.tell()
    return bool(rows[0]["count"])


def renew(step: StepRun, *, progress: int, tell: bool) -> bool:
    """Keeps it for another lease; False when it is no longer ours."""
    rows = ask(
        statements.RENEW,
        id=step.pk,
        attempt=step.attempt,
        lease=conf().lease_seconds,
        progress=progress,
        tell=tell,
    )
    if tell:
        events.tell()
    return bool(rows[0]["count"])


@transaction.atomic
def fail(step: StepRun, *, error: Mapping[str, Any]) -> bool:
    """Fails the step and with it the run and the recording; False when it is no longer ours."""
    held = StepRun.objects.select_for_update().filter(
        pk=step.pk, attempt=step.attempt, status=StepStatus.RUNNING
    )
    if not held.exists():
        return False
    _end(step.run_id, RunStatus.FAILED, failed=step.pk, error=error)
    return True


@transaction.atomic
def cancel(run_id: UUID) -> bool:
    """Ends a run; whoever works on its steps is stopped by his next heartbeat."""
    return _end(run_id, RunStatus.CANCELLED)


def _end(
    run_id: UUID,
    status: RunStatus,
    *,
    failed: int | None = None,
    error: Mapping[str, Any] | None = None,
) -> bool:
    body = Jsonb(dict(error)) if error else None
    ask(statements.END_STEPS, run=run_id, failed=failed, error=body)
    rows = ask(statements.END_RUN, run=run_id, status=status.value, error=body)
    transaction.on_commit(events.tell)
    return bool(rows[0]["count"])


def sweep() -> list[str]:
    """Gives steps whose lease ran out back to their queues: those queues."""
    return _released(ask(statements.SWEEP, lease=conf().lease_seconds))


def release(workers: Iterable[str]) -> list[str]:
    """Gives back what `workers`, known to be dead, still hold: the queues."""
    names = list(workers)
    return _released(ask(statements.RELEASE, workers=names)) if names else []


def _released(rows: list[dict[str, Any]]) -> list[str]:
    for row in rows:
        if row["lost"] >= MAX_LOST:
            _give_up(row)
    if rows:
        events.tell()
    return sorted({row["queue"] for row in rows})


@transaction.atomic
def _give_up(row: Mapping[str, Any]) -> None:
    step = StepRun.objects.select_for_update().filter(
        pk=row["id"], attempt=row["attempt"], status=StepStatus.PENDING
    )
    if step.exists():
        lost = Untranslated(
            "worker_lost",
            _("The worker died on this step every time it was tried."),
            retryable=True,
            next_action=_(
                "Run it again; if it happens again, your administrator should look at the worker's "
                "log and memory."
            ),
        )
        # From pending a step can only be cancelled; the run carries the reason.
        _end(row["run_id"], RunStatus.FAILED, error=as_stored(lost))


def workers_at_work() -> list[str]:
    """Names of the workers that hold a step now."""
    held = StepRun.objects.filter(status=StepStatus.RUNNING).exclude(worker="")
    return list(held.values_list("worker", flat=True).distinct())
