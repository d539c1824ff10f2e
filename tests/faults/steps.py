"""Steps that die, fail or wait where a story wants it, and write down what they did.

What they shall do stands in the run's parameters. `test_works` is the memory of what happened,
`test_outputs` stands for a step's result: replaced whenever the step runs, inside `writing()`.
"""

import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import ClassVar

from common.errors import ExternalError
from common.sql import ask
from recordings.choices import Queue
from recordings.pipeline.step import Context, Step, Stopped

TABLES = (
    """CREATE TABLE IF NOT EXISTS test_works (
        id bigserial PRIMARY KEY, step_run bigint, recording uuid, word text, attempt int,
        pid int, at timestamptz DEFAULT clock_timestamp())""",
    "CREATE TABLE IF NOT EXISTS test_outputs (step_run bigint, recording uuid, attempt int)",
    "TRUNCATE test_works, test_outputs",
)
POINTS = ("claimed", "working", "writing", "written", "settling")
"""Where a step may die: before its work, in it, before its commit, after it, while it settles."""
LAST_DEATH = 2
"""Attempts after this one live, or a step would be given up as one that kills its workers."""


def note(context: Context, word: str) -> None:
    claimed = context.claimed
    ask(
        "INSERT INTO test_works (step_run, recording, word, attempt, pid)"
        " VALUES (%(s)s, %(r)s, %(w)s, %(a)s, %(p)s)",
        s=claimed.pk,
        r=claimed.recording_id,
        w=word,
        a=claimed.attempt,
        p=os.getpid(),
    )


def write_result(context: Context) -> None:
    """Replaces this step's output; the caller is inside `writing()`."""
    claimed = context.claimed
    ask("DELETE FROM test_outputs WHERE step_run = %(s)s", s=claimed.pk)
    ask(
        "INSERT INTO test_outputs VALUES (%(s)s, %(r)s, %(a)s)",
        s=claimed.pk,
        r=claimed.recording_id,
        a=claimed.attempt,
    )
    note(context, "ended")


class Fate:
    """What one attempt will suffer, by the seed of its run."""

    def __init__(self, context: Context) -> None:
        claimed, self._params = context.claimed, context.params
        draw = random.Random(
            f"{self._params.get('seed')}/{claimed.position}/{(claimed.track_id or 0) % 2}"
            f"/{claimed.attempt}"
        )
        dies = claimed.attempt <= LAST_DEATH and draw.random() < self._params.get("death", 0)
        self.point = draw.choice(POINTS) if dies else ""
        self.fails = draw.random() < self._params.get("failure", 0)
        self.pause = draw.uniform(0, 2 * self._params.get("seconds", 0))
        self.after = draw.uniform(0, 0.004)

    def strike(self, point: str) -> None:
        """kill -9 of this process, if it is to die here."""
        if point == self.point:
            self._die()

    def strike_soon(self) -> None:
        """kill -9 of this process within the milliseconds in which the step is settled."""
        if self.point == "settling":
            threading.Timer(self.after, self._die).start()

    def _die(self) -> None:
        with Path(self._params["log"]).open("a") as log:
            log.write(f"{self.point}\n")
        os.kill(os.getpid(), signal.SIGKILL)


class Fragile(Step):
    def applies_to(self, context: Context) -> bool:
        Fate(context).strike("claimed")
        return True

    def run(self, context: Context) -> None:
        fate = Fate(context)
        note(context, "begun")
        time.sleep(fate.pause)
        fate.strike("working")
        if fate.fails:
            raise ExternalError("A stand-in that fails.", retryable=True, code="stand_in")
        with context.writing():
            write_result(context)
            fate.strike("writing")
        fate.strike("written")
        fate.strike_soon()


class Open(Fragile):
    pass


class EachTrack(Fragile):
    per_track: ClassVar[bool] = True
    queue: ClassVar[Queue] = Queue.GPU


class Middle(Fragile):
    queue: ClassVar[Queue] = Queue.LLM


class Close(Fragile):
    pass


class Held(Step):
    """The first attempt waits for the file `until`, deaf to everything: before its writing, inside
    it or after it, as `where` says. Later attempts don't wait."""

    def run(self, context: Context) -> None:
        note(context, "begun")
        self._wait(context, "before")
        try:
            with context.writing():
                write_result(context)
                self._wait(context, "inside")
        except Stopped:
            note(context, "fenced")
            raise
        self._wait(context, "after")

    def _wait(self, context: Context, here: str) -> None:
        gate = Path(context.params["until"])
        waits = context.claimed.attempt == 1 and here == context.params.get("where", "before")
        while waits and not gate.exists():
            time.sleep(0.01)
