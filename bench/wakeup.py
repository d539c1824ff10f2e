"""From the commit of a recording's journey to the start of its first step by an idle worker.

The worker is the product's own, started as the launcher starts it. The peer is a message of a bare
Celery application to its idle worker. A second round has no broker at all.
"""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench import celery_peer, rows
from bench.ground import servers
from bench.row import Row
from bench.timing import percentile
from recordings.models import Recording, StepRun
from recordings.services import journey

TRIES, WITHOUT_BROKER = 60, 6
GOAL_MS, GOAL_ALONE_S = 20, 6
PAUSE = (0.03, 0.12)


def run() -> list[Row]:
    rows.recordings(rows.user(), TRIES + WITHOUT_BROKER + 1, tracks=1)
    waiting = rows.all_recordings()
    with celery_peer.worker(processes=1), _worker():
        _warm(waiting.pop())
        ours, peer = [], []
        for recording in waiting[:TRIES]:
            ours.append(_started(recording) * 1000)
            peer.append(celery_peer.delay() * 1000)
            time.sleep(random.uniform(*PAUSE))
        alone = _without_broker(waiting[TRIES:])
    return [*_with_broker(ours, peer), alone]


def _warm(recording: Recording) -> None:
    """Until messages are heard: a worker that is still connecting finds rows by itself."""
    heard = 0
    while heard < 3:
        heard += _started(recording, seconds=60) < 0.3


def _with_broker(ours: list[float], peer: list[float]) -> Iterator[Row]:
    for percent, goal in ((50, GOAL_MS), (95, None)):
        own, other = percentile(ours, percent), percentile(peer, percent)
        yield Row(
            f"commit to start: p{percent}",
            f"{own:.1f} ms",
            f"{other:.1f} ms",
            f"{own / other:.2f}",
            f"<= {goal} ms" if goal else "",
            f"{TRIES} tries, idle worker; peer: a bare Celery message",
            own <= goal if goal else None,
        )


def _without_broker(waiting: list[Recording]) -> Row:
    """Redis is stopped: the worker finds the row when it looks by itself."""
    redis = servers().redis
    assert redis
    redis.stop()
    try:
        longest = max(_started(recording, seconds=30) for recording in waiting)
    finally:
        redis.start()
    return Row(
        "commit to start: no broker",
        f"{longest:.1f} s",
        "never",
        "",
        f"<= {GOAL_ALONE_S} s",
        f"the longest of {len(waiting)}",
        longest <= GOAL_ALONE_S,
    )


def _started(recording: Recording, *, seconds: float = 10) -> float:
    """Seconds from the commit to the step's `started_at`; one machine, so one clock."""
    run = journey.process(recording, pipeline="one")
    committed = time.time()
    _wait(lambda: StepRun.objects.filter(run=run, status="done").exists(), seconds)
    step = StepRun.objects.get(run=run)
    assert step.started_at
    return step.started_at.timestamp() - committed


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("no worker started it")
        time.sleep(0.01)


@contextmanager
def _worker() -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "sai", "worker", "-Q", "cpu"]
    command += ["-c", "1", "-n", "bench@%h", "--loglevel", "CRITICAL", "--prefetch-multiplier", "1"]
    command += ["--without-gossip", "--without-mingle"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
