"""Executes one claimed step and says which queues have new work. Enqueues nothing."""

import logging
from functools import partial
from typing import Any

from common.errors import SaiError, Untranslated, as_stored
from common.errors import gettext_noop as _
from recordings.choices import StepStatus
from recordings.models import StepRun
from recordings.pipeline import leases, speeds
from recordings.pipeline.patience import AWAY, insist
from recordings.pipeline.pulse import pulse
from recordings.pipeline.step import Context, Step, Stopped, load

logger = logging.getLogger(__name__)


def execute(claimed: StepRun) -> list[str]:
    """Does the step and settles it. Only a database long away raises: then the lease runs out."""
    context = Context(claimed)
    try:
        step = load(claimed.step)()
        with pulse.keeping(context, seconds=step.time_limit.total_seconds()):
            status = _work(step, context)
            queues = insist(partial(leases.settle, claimed, status))
    except Stopped as stopped:
        return insist(partial(_stopped, claimed, stopped))
    except Exception as error:  # noqa: BLE001  whatever a step raises ends this step, not the worker
        return insist(partial(end_badly, claimed, error))
    if queues is None:
        logger.info("late result ignored", extra={"step": claimed.step, "id": claimed.pk})
        return []
    speeds.learn(claimed, status)
    return queues


def _work(step: Step, context: Context) -> StepStatus:
    if not step.applies_to(context):
        return StepStatus.SKIPPED
    step.run(context)
    context.check()
    return StepStatus.DONE


def _stopped(claimed: StepRun, stopped: Stopped) -> list[str]:
    if stopped.code == "timeout":
        leases.fail(claimed, error=as_stored(too_long()))
    logger.info("step stopped", extra={"step": claimed.step, "reason": stopped.code})
    return []


def end_badly(claimed: StepRun, error: Exception) -> list[str]:
    """Puts the step back for another try where that may help, else fails it and its run."""
    described = describe(error)
    tries = load(claimed.step).max_failures
    logger.warning(
        "step failed",
        extra={"step": claimed.step, "id": claimed.pk, "code": described["code"]},
        exc_info=None if described["code"] != "internal" else error,
    )
    if described["retryable"] and claimed.failures + 1 < tries:
        leases.retry(claimed, error=described)
    else:
        leases.fail(claimed, error=described)
    return []


def describe(error: Exception) -> dict[str, Any]:
    """The error as its row keeps it; what nobody foresaw is `internal`."""
    if isinstance(error, SaiError):
        return as_stored(error)
    if isinstance(error, AWAY):
        return as_stored(database_away())
    return as_stored(unforeseen(error))


def too_long() -> Untranslated:
    return Untranslated(
        "timeout",
        _("The step took longer than it may."),
        retryable=True,
        next_action=_("Check the load of the workers, then run it again."),
    )


def database_away() -> Untranslated:
    return Untranslated(
        "database_away",
        _("The database broke off in the middle of the step."),
        retryable=True,
        next_action=_("Run it again; if it happens again, look into the database's log."),
    )


def unforeseen(error: Exception) -> Untranslated:
    return Untranslated(
        "internal",
        _("Something unexpected happened (%(kind)s)."),
        retryable=True,
        next_action=_("Run it again; if it happens again, send the worker's log to support."),
        kind=type(error).__name__,
    )
