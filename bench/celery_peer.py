"""The peer of the queue: a bare Celery application and its workers. No Django, no database."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis
from celery import Celery

QUEUE, HELD = "peer", "peer-held"
DONE, STARTED = "peer-done", "peer-started"

app = Celery("peer", broker=os.environ.get("REDIS_URL", ""))
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)
_redis = redis.Redis.from_url(os.environ["REDIS_URL"])


@app.task
def count(number: int) -> None:
    _redis.incr(DONE)


@app.task
def note() -> None:
    """When it began."""
    _redis.rpush(STARTED, time.time())


def send(jobs: int, *, queue: str) -> None:
    for number in range(jobs):
        count.apply_async([number], queue=queue)


def release() -> None:
    """Messages that nobody consumed become those of the worker, at once."""
    _redis.rename(HELD, QUEUE)


def rate(jobs: int, *, begin: Callable[[], None]) -> float:
    """Jobs per second from `begin` to the last one."""
    _redis.delete(DONE)
    begun = time.perf_counter()
    begin()
    while int(_redis.get(DONE) or 0) < jobs:
        time.sleep(0.01)
    return jobs / (time.perf_counter() - begun)


def delay() -> float:
    """Seconds from sending a message to the start of its task."""
    _redis.delete(STARTED)
    note.apply_async(queue=QUEUE)
    sent = time.time()
    found = _redis.blpop([STARTED], timeout=10)
    assert found
    return float(found[1]) - sent


@contextmanager
def worker(*, processes: int) -> Iterator[None]:
    """A worker of this application, warm."""
    command = [sys.executable, "-m", "celery", "-A", "bench.celery_peer", "worker", "-Q", QUEUE]
    command += ["-c", str(processes), "--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        rate(50, begin=lambda: send(50, queue=QUEUE))
        yield
    finally:
        child.terminate()
        child.wait(15)
