"""What engines bring: results, failures and work given back. All synchronous; all fenced.

An engine may say the same thing twice (its first word was not acknowledged), late, or about what
is no longer its own. Each word ends in an answer; only the holder of the attempt changes anything.
"""

import logging
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Now

from common.errors import SaiError, Untranslated
from common.errors import gettext_noop as _
from engines.protocol import Failed
from recognition.gateway import exchange, outputs, results
from recognition.gateway.results import BadResult, Read
from recognition.models import EngineOutput, EngineRequest, Outcome
from recordings import hints
from recordings.choices import StepStatus
from recordings.models import StepRun
from recordings.pipeline import leases, remote, runner, speeds
from recordings.pipeline.step import Context, Stopped, load
from recordings.storage import files

logger = logging.getLogger(__name__)
OLD = "this attempt is no longer the engine's"
GIVEN_BACK = frozenset({"engine_stopping", "cancelled"})
"""Codes of engines that did not fail: they were told to stop."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a result is safe; else why not."""

    taken: bool
    reason: str = ""


class EngineSaid(SaiError):
    """An engine's own words about its failure. They come from outside: bounded, shown escaped."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.message or failed.code, code=failed.code)
        self.retryable = failed.retryable


def bad_result(reason: str) -> Untranslated:
    return Untranslated(
        "bad_result",
        _("The engine's result could not be used: %(reason)s."),
        retryable=True,
        next_action=_("Look at the engine's version and log, then run it again."),
        reason=reason,
    )


def finish(step: StepRun, result: dict[str, Any] | None) -> Answer:
    """Takes the result of a held step in and settles it; whatever is wrong ends the attempt."""
    asked = EngineRequest.objects.select_related("step", "engine")
    request = asked.filter(step=step.pk, attempt=step.attempt).first()
    if request is None:  # its recording was deleted
        return Answer(False, OLD)
    if request.outcome == Outcome.DONE:  # the sweep was faster
        return Answer(True)
    step.worker = request.engine.worker
    try:
        queues = _take_in(step, request, result)
    except BadResult as bad:
        return _refuse(step, request, bad.reason)
    except Stopped:
        return _repeated(step.pk, step.attempt)
    except SaiError as error:
        logger.warning("result not taken in", extra={"step": step.pk, "code": error.code})
        close(step.pk, step.attempt, Outcome.REFUSED, {"code": error.code, "message": ""})
        runner.end_badly(step, error)
        return Answer(False, error.code)
    if queues is None:
        return _repeated(step.pk, step.attempt)
    for queue in queues:
        hints.wake(queue)
    speeds.learn(step, StepStatus.DONE)
    forget_files(step.pk)
    return Answer(True)


def _take_in(
    step: StepRun, request: EngineRequest, result: dict[str, Any] | None
) -> list[str] | None:
    context = Context(step)
    tracks = [context.track] if step.track_id else []
    read = results.read(request.kind, result, request=step.pk, attempt=step.attempt, tracks=tracks)
    made = outputs.gather(read.result, step=step, request=request)
    try:
        return _write(context, request, read, made)
    except BaseException:
        files.remove([one.file for one in made])
        raise


def _write(
    context: Context, request: EngineRequest, read: Read, made: Sequence[EngineOutput]
) -> list[str] | None:
    step = context.claimed
    with context.writing():
        load(step.step)().accept(context, read.result)
        outputs.keep(request, made, read.result)
        EngineRequest.objects.filter(pk=request.pk).update(
            outcome=Outcome.DONE, ended_at=Now(), raw=zlib.compress(read.raw), error=None
        )
        return leases.settle(step, StepStatus.DONE)


def _refuse(step: StepRun, request: EngineRequest, reason: str) -> Answer:
    if (answer := _repeated(step.pk, step.attempt)).taken:
        return answer
    logger.warning("result refused", extra={"step": step.pk, "engine": request.engine_id})
    close(step.pk, step.attempt, Outcome.REFUSED, {"code": "bad_result", "message": reason[:500]})
    runner.end_badly(step, bad_result(reason[:500]))
    return Answer(False, reason)


def _repeated(step: int, attempt: int) -> Answer:
    """A result that changed nothing: it was taken in before, or another attempt holds the step."""
    done = EngineRequest.objects.filter(step=step, attempt=attempt, outcome=Outcome.DONE)
    if done.exists():
        return Answer(True)
    logger.info("late result ignored", extra={"id": step, "attempt": attempt})
    return Answer(False, OLD)


def finish_late(
    engine: int, request_id: str, attempt: int, result: dict[str, Any] | None
) -> Answer:
    """A result of what this connection does not hold: sent again, or made too slowly."""
    request = find(engine, request_id, attempt)
    if request is None:
        logger.info("unknown result ignored", extra={"engine": engine, "attempt": attempt})
        return Answer(False, "no such request of this engine")
    if request.outcome == Outcome.DONE:
        return Answer(True)
    if (held := take_up(request)) is None:
        return _repeated(request.step_id, attempt)
    return finish(held[0], result)


OPEN = (Outcome.OFFERED, Outcome.WORKING, Outcome.LOST)


def find(engine: int, request_id: str, attempt: int) -> EngineRequest | None:
    """What this engine, and nobody else, was asked under that number."""
    if not (request_id.isascii() and request_id.isdigit() and len(request_id) < 19):
        return None
    asked = EngineRequest.objects.select_related("engine", "step")
    return asked.filter(engine=engine, step=int(request_id), attempt=attempt).first()


def take_up(request: EngineRequest) -> tuple[StepRun, float] | None:
    """The step and the seconds since it began, when its engine may go on: it is still held, or
    nobody has claimed it since the lease ran out."""
    if request.outcome not in OPEN:
        return None
    held = remote.adopt(request.step_id, request.attempt, worker=request.engine.worker)
    if held is not None:
        EngineRequest.objects.filter(pk=request.pk).update(outcome=Outcome.WORKING, ended_at=None)
        held[0].worker = request.engine.worker
    return held


def fail(step: StepRun, failed: Failed) -> None:
    """The engine gave up. What it was told to stop counts as no failure."""
    said = {"code": failed.code, "message": failed.message}
    close(step.pk, step.attempt, Outcome.FAILED, said)
    if failed.retryable and failed.code in GIVEN_BACK:
        put_back(step, Outcome.FAILED)
    else:
        runner.end_badly(step, EngineSaid(failed))


def put_back(step: StepRun, outcome: Outcome, said: Mapping[str, Any] | None = None) -> None:
    """It goes to somebody else, and nobody has failed."""
    close(step.pk, step.attempt, outcome, said)
    if queue := remote.put_back(step.pk, step.attempt):
        hints.wake(queue)


def run_out(step: StepRun) -> None:
    """It took longer than its step may."""
    close(step.pk, step.attempt, Outcome.FAILED, {"code": "timeout", "message": ""})
    leases.fail(step, error=runner.describe(runner.too_long()))


def begin(step: int, attempt: int) -> None:
    """The engine took the offer."""
    EngineRequest.objects.filter(step=step, attempt=attempt, outcome=Outcome.OFFERED).update(
        outcome=Outcome.WORKING, accepted_at=Now()
    )


def close(step: int, attempt: int, outcome: Outcome, said: Mapping[str, Any] | None = None) -> None:
    """What came of a request, unless that is known already."""
    EngineRequest.objects.filter(step=step, attempt=attempt, outcome__in=OPEN).update(
        outcome=outcome, ended_at=Now(), error=dict(said) if said else None
    )


def forget_files(step: int) -> None:
    """Removes what stood in the exchange for it. What stays is found by `collect`."""
    place = exchange.find()
    if place is not None:
        place.clean(step)
