"""Durable jobs per second: our drain loop in two processes against no-ops of Celery in two.

Ours: rows in PostgreSQL with synchronous commit; every claim and every settling writes its events.
The peer: a bare Celery application on the same Redis whose task only counts; it promises nothing.
"""

import subprocess
import sys
import time
from statistics import median

from django.db import connection

from bench import celery_peer, rows
from bench.row import Row
from bench.timing import alternate, middle_ratio
from recordings.models import StepRun
from recordings.services import journey

JOBS, ROUNDS, GOAL = 600, 3, 0.7


def run() -> list[Row]:
    with celery_peer.worker(processes=2), _Drainers(2) as drainers:
        alone = alternate(lambda: _alone(drainers), _celery_alone, rounds=ROUNDS)
        four = alternate(lambda: _together(drainers, 4), _celery_together, rounds=ROUNDS)
        one = alternate(lambda: _together(drainers, 1), _celery_together, rounds=ROUNDS)
    return [
        _row("claim and settle", alone, "queued before; 2 processes; one step per run"),
        _row("process() and 4 steps", four, "runs written while two processes drain"),
        _row("process() and 1 step", one, "the worst case: a run of one step", goal=False),
    ]


def _row(what: str, found: tuple[list[float], list[float]], note: str, *, goal: bool = True) -> Row:
    ours, peer = found
    ratio = middle_ratio(ours, peer)
    return Row(
        f"jobs: {what}",
        f"{median(ours):.0f}/s",
        f"{median(peer):.0f}/s",
        f"{ratio:.2f}",
        f">= {GOAL}" if goal else "",
        f"{JOBS} jobs, {ROUNDS} rounds; {note}",
        ratio >= GOAL if goal else None,
    )


def _celery_alone() -> float:
    celery_peer.send(JOBS, queue=celery_peer.HELD)
    return celery_peer.rate(JOBS, begin=celery_peer.release)


def _celery_together() -> float:
    return celery_peer.rate(JOBS, begin=lambda: celery_peer.send(JOBS, queue=celery_peer.QUEUE))


def _alone(drainers: "_Drainers") -> float:
    recordings = _recordings(JOBS)
    for recording in recordings:
        journey.process(recording, pipeline="one")
    return JOBS / drainers.drain(JOBS)


def _together(drainers: "_Drainers", steps: int) -> float:
    recordings = _recordings(JOBS // steps)

    def write() -> None:
        for recording in recordings:
            journey.process(recording, pipeline="one" if steps == 1 else "four")

    return JOBS / drainers.drain(JOBS, meanwhile=write)


def _recordings(count: int) -> list:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE recordings_recording, notifications_event CASCADE")
    rows.recordings(rows.user(), count, tracks=1)
    return rows.all_recordings()


class _Drainers:
    """Processes that run the product's own loop until as many steps are done as were asked for."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __enter__(self) -> "_Drainers":
        command = [sys.executable, "-m", "bench.drainer"]
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(self.count)
        ]
        for process in self.processes:
            self._hear(process)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()

    def drain(self, jobs: int, *, meanwhile=lambda: None) -> float:
        """Seconds until `jobs` steps are done."""
        begun = time.perf_counter()
        for process in self.processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        meanwhile()
        while StepRun.objects.filter(status="done").count() < jobs:
            time.sleep(0.01)
        took = time.perf_counter() - begun
        for process in self.processes:
            process.stdin.write("stop\n")
            process.stdin.flush()
        for process in self.processes:
            self._hear(process)
        return took

    @staticmethod
    def _hear(process: subprocess.Popen) -> None:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("a drainer has died")
