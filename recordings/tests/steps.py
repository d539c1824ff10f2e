"""Steps for tests of the pipeline: they leave a mark in a table and fail, sleep or die on demand.

What each should do stands in the run's parameters, so that other processes see it too.
"""

import os
import signal
import time
from datetime import timedelta
from typing import ClassVar

from common.errors import ExternalError, Invalid
from common.sql import ask
from recordings.choices import Queue
from recordings.pipeline.step import Context, Step

MARKS = """CREATE TABLE IF NOT EXISTS test_marks (
    id bigserial PRIMARY KEY, recording uuid, step text, track bigint, attempt int, pid int,
    at timestamptz DEFAULT clock_timestamp())"""


def mark(context: Context, word: str) -> None:
    ask(
        "INSERT INTO test_marks (recording, step, track, attempt, pid) VALUES (%(r)s, %(s)s, %(t)s,"
        " %(a)s, %(p)s)",
        r=context.claimed.recording_id,
        s=word,
        t=context.claimed.track_id,
        a=context.claimed.attempt,
        p=os.getpid(),
    )


class Marked(Step):
    """Marks that it began and that it ended; between the two it does what `params` say."""

    def run(self, context: Context) -> None:
        name = type(self).__name__
        mark(context, f"{name}:begun")
        self._misbehave(context, context.params.get(name, {}))
        with context.writing():
            mark(context, f"{name}:ended")

    def _misbehave(self, context: Context, wish: dict) -> None:
        if context.claimed.attempt <= wish.get("die", 0):
            os.kill(os.getpid(), signal.SIGKILL)
        if context.claimed.attempt <= wish.get("fail", 0):
            raise ExternalError(
                "A stand-in that is asked to fail.", retryable=True, code="stand_in"
            )
        if wish.get("refuse"):
            raise Invalid("A stand-in that refuses.", code="refused", next_action="Ask for less.")
        if wish.get("crash"):
            raise RuntimeError("unforeseen")
        end = time.monotonic() + wish.get("sleep", 0)
        while time.monotonic() < end:
            time.sleep(0.01)
            if not wish.get("deaf"):
                context.check()


class First(Marked):
    pass


class PerTrack(Marked):
    per_track: ClassVar[bool] = True
    queue: ClassVar[Queue] = Queue.GPU


class Skipped(Step):
    def applies_to(self, context: Context) -> bool:
        return False

    def run(self, context: Context) -> None:
        raise AssertionError("a skipped step must not run")


class Short(Marked):
    """May take only a blink."""

    time_limit: ClassVar[timedelta] = timedelta(seconds=0.3)


class Last(Marked):
    pass
