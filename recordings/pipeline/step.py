"""What every step of a pipeline promises, and what it is told while it works."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from common.errors import SaiError
from common.sql import ask
from recordings.choices import Queue
from recordings.conf import conf
from recordings.models import Recording, Run, StepRun, Track
from recordings.pipeline import statements
from recordings.pipeline.errand import Errand
from recordings.pipeline.patience import insist

SHORTEST_IDLE = 5.0
"""Seconds a transaction may at least stay silent between two statements."""


class Stopped(SaiError):
    """The work is no longer wanted: cancelled, taken over by another worker, or out of time."""

    code = "stopped"


class Context:
    """One claimed step at work.

    A step reports through it and asks it whether to go on; it never touches its own row.
    """

    def __init__(self, claimed: StepRun) -> None:
        self.claimed = claimed
        self.progress = 0
        self.stopped = ""
        """Why the work must end; empty while it may go on. Set by the pulse."""
        self._writing = False
        self._track: Track | None = None
        self._run: Run | None = None

    @property
    def run(self) -> Run:
        if self._run is None:
            self._run = Run.objects.select_related("recording__owner").get(pk=self.claimed.run_id)
        return self._run

    @property
    def recording(self) -> Recording:
        return self.run.recording

    @property
    def track(self) -> Track:
        """The track of a `per_track` step."""
        if self._track is None:
            assert self.claimed.track_id is not None
            self._track = Track.objects.select_related("file").get(pk=self.claimed.track_id)
        return self._track

    @property
    def params(self) -> dict[str, Any]:
        return self.run.params

    def report(self, percent: float) -> None:
        """Progress 0-100; the pulse writes it. Also a good moment to stop."""
        self.progress = max(self.progress, min(99, int(percent)))
        self.check()

    def check(self) -> None:
        """Raises Stopped when nobody wants the result any more. Call it often."""
        if self.stopped:
            raise Stopped(self.stopped, code=self.stopped)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that commits only while this attempt still holds the step.

        Inside of another one of the same context it is a part of that.
        """
        if self._writing:
            yield
            return
        # A connection that broke during long work must not cost the work.
        insist(partial(ask, "SELECT 1"))
        with transaction.atomic():
            idle = max(SHORTEST_IDLE, conf().lease_seconds)
            if not ask(
                statements.HOLD,
                id=self.claimed.pk,
                attempt=self.claimed.attempt,
                idle=str(round(idle * 1000)),
            ):
                raise Stopped("Another attempt holds this step.", code="lease_lost")
            self._writing = True
            try:
                yield
            finally:
                self._writing = False


class Step(ABC):
    """One thing done to a recording or to each of its tracks.

    Steps run in the order of `settings.PIPELINES`. A step may run twice (a worker may die after the
    work and before it is settled), so it replaces its own output, inside `context.writing()`.
    """

    queue: ClassVar[Queue] = Queue.CPU
    per_track: ClassVar[bool] = False
    """True: one row per track, done side by side; the next step waits for all of them."""
    time_limit: ClassVar[timedelta] = timedelta(hours=2)
    max_failures: ClassVar[int] = 4
    """Tries in all, where an error says that trying again can help."""
    kind: ClassVar[str] = ""
    """What an engine of the gateway calls this work; empty: only our own workers do it."""

    def applies_to(self, context: Context) -> bool:
        """False skips the step; the run goes on."""
        return True

    @abstractmethod
    def run(self, context: Context) -> None:
        """Do the work, or raise. An error with `retryable` true is tried again, later."""

    def offer(self, context: Context) -> Errand:
        """What an engine needs to do it, where `kind` is set."""
        raise NotImplementedError

    def accept(self, context: Context, result: Any) -> None:
        """Write an engine's checked result as `run` would its own, inside `context.writing()`.

        `result` is what `engines.protocol` says for the kind, and has a known track in each phrase.
        """
        raise NotImplementedError


def steps_of(pipeline: str) -> list[tuple[str, type[Step]]]:
    """(dotted name, class) in order."""
    return [(name, load(name)) for name in settings.PIPELINES[pipeline]]


def load(name: str) -> type[Step]:
    loaded: type[Step] = import_string(name)
    return loaded
