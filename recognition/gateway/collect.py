"""The gateway's housekeeping: results whose `done` got lost, what is left over, what is too old."""

import datetime as dt
import logging
import time

from django.db.models.functions import Now

from common.sql import ask
from recognition.gateway import exchange, outputs, settling
from recognition.gateway.exchange import Exchange, Unsafe
from recognition.models import EngineOutput, EngineRequest, Outcome
from recordings.choices import StepStatus
from recordings.conf import conf
from recordings.models import StepRun

logger = logging.getLogger(__name__)
GRACE_HEARTBEATS = 0.5
"""A result that stands there for so many heartbeats is nobody's: its `done` comes at once."""
RARELY_SECONDS = 600.0
KEEP_FILES = 3600.0
"""Seconds after which what stands in the exchange without a running step is removed."""
KEEP_RAW, KEEP_TRIES = dt.timedelta(days=30), dt.timedelta(days=1)
_rarely = [float("-inf")]

CLOSE_LOST = """
UPDATE recognition_enginerequest r SET outcome = 'lost', ended_at = now() FROM recordings_steprun s
WHERE s.id = r.step_id AND r.outcome IN ('offered', 'working')
    AND NOT (s.attempt = r.attempt AND s.status = 'running') RETURNING r.id"""


def collect() -> None:
    """Called with every sweep of the leases, before it."""
    place = exchange.find()
    if place is not None:
        for request, attempt, changed in list(place.finished()):
            if time.time() - changed > GRACE_HEARTBEATS * conf().heartbeat_seconds:
                _take_in(request, attempt)
    ask(CLOSE_LOST)
    if time.monotonic() - _rarely[0] > RARELY_SECONDS:
        _rarely[0] = time.monotonic()
        tidy(place)


def _take_in(step: int, attempt: int) -> None:
    """A result that nobody spoke of: its engine or the gateway was killed between two words."""
    request = (
        EngineRequest.objects.select_related("engine").filter(step=step, attempt=attempt).first()
    )
    if request is None:
        return
    if request.outcome == Outcome.DONE:
        settling.forget_files(step)
    elif held := settling.take_up(request):
        answer = settling.finish(held[0], None)
        logger.info("lost result found", extra={"step": step, "taken": answer.taken})


def tidy(place: Exchange | None) -> None:
    """What is left over of requests long ended."""
    if place is not None:
        _clean(place)
    old = EngineRequest.objects.filter(ended_at__lt=Now() - KEEP_RAW, raw__isnull=False)
    old.update(raw=None)
    EngineRequest.objects.filter(
        outcome__in=[Outcome.REJECTED, Outcome.LOST], ended_at__lt=Now() - KEEP_TRIES
    ).delete()
    unnamed = EngineOutput.objects.filter(taken=False, request__ended_at__lt=Now() - KEEP_TRIES)
    outputs.drop(unnamed.select_related("file"))


def _clean(place: Exchange) -> None:
    found = {
        step: changed
        for step, changed in place.requests().items()
        if time.time() - changed > KEEP_FILES
    }
    open_steps = StepRun.objects.filter(
        pk__in=found, status__in=[StepStatus.PENDING, StepStatus.RUNNING]
    )
    for step in found.keys() - set(open_steps.values_list("pk", flat=True)):
        try:
            place.clean(step)
        except (OSError, Unsafe) as error:
            logger.warning("exchange not cleaned", extra={"error": type(error).__name__})
