"""Doors from the queue to the pipeline, and the threads that make messages unnecessary.

A message only says that a queue has work. Whoever is woken drains the queue. Every worker process
also looks by itself every few seconds and sweeps expired leases, so that losing the broker costs
time and nothing else.
"""

import logging
import random
import threading
import time
from typing import Any

from celery import current_app, shared_task, signals
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils.module_loading import import_string

from recordings import hints
from recordings.conf import conf
from recordings.pipeline import identity, leases, runner

logger = logging.getLogger(__name__)
DRAIN_SECONDS = 30.0
"""A drain ends after this long and wakes itself again, so that a worker told to stop may stop."""

_at_work = threading.Lock()
"""One step at a time per process: a model and a core are not shared by two."""
_asked: set[str] = set()
"""Queues to look into. Who comes while another thread is at work leaves his wish here: the other
may have looked for the last time already, and the row would wait for the next look by itself."""


def drain(queue: str, *, seconds: float = DRAIN_SECONDS) -> int:
    """Does ready steps of a queue until none is left or the time is over: how many."""
    done, end = 0, time.monotonic() + seconds
    worker = identity.name()
    while claimed := leases.claim(queue, worker=worker):
        if not done:
            hints.wake(queue)  # there may be enough for a neighbour too
        for following in runner.execute(claimed):
            hints.wake(following)
        done += 1
        if time.monotonic() > end:
            hints.wake(queue)
            break
    return done


@shared_task(name=hints.TASK)
def wake(queue: str) -> None:
    """Does what is ready; when this process is already at work, who is at it looks once more.

    A queue may have more to it than steps: `QUEUE_LOOKS` names who looks, begins and returns.
    """
    _asked.add(queue)
    end = time.monotonic() + DRAIN_SECONDS
    while _asked and time.monotonic() < end and _at_work.acquire(blocking=False):
        try:
            close_old_connections()
            for asked in list(_asked):
                _asked.discard(asked)
                drain(asked)
                if look := settings.QUEUE_LOOKS.get(asked):
                    import_string(look)()
        finally:
            _at_work.release()


@shared_task
def call_lookers() -> None:
    """Beat calls whoever looks besides the steps of a queue; they also look by themselves."""
    for queue in settings.QUEUE_LOOKS:
        hints.wake(queue)


@shared_task
def sweep() -> None:
    """Gives back what dead workers hold. Beat calls it; every worker does the same by itself."""
    close_old_connections()
    tidy()


def tidy() -> None:
    """Releases what workers of this machine held when they died, and every expired lease.

    `TIDYING` names who looks before: what was finished although nobody said so is not lost.
    """
    for look in settings.TIDYING:
        import_string(look)()
    release_dead()
    for queue in leases.sweep():
        hints.wake(queue)


def release_dead() -> None:
    """Frees what workers of this machine held when they died; their leases need not run out."""
    dead = [name for name in leases.workers_at_work() if identity.is_dead(name)]
    for queue in leases.release(dead):
        hints.wake(queue)


@signals.worker_process_init.connect(weak=False)
def watch(**_: Any) -> None:
    """Starts the two threads of a pool process: one looks for work, one sweeps."""
    queues = list(current_app.amqp.queues.consume_from)
    threading.Thread(target=_poll, args=[queues], name="poll", daemon=True).start()
    threading.Thread(target=_sweep, name="sweep", daemon=True).start()


@signals.task_failure.connect(weak=False)
def release_lost(**_: Any) -> None:
    """A lost pool process ends its task here, in its parent: what it held is free at once."""
    try:
        tidy()
    except DatabaseError:
        connection.close()


def _poll(queues: list[str]) -> None:
    while True:
        time.sleep(conf().poll_seconds * random.uniform(0.7, 1.3))  # noqa: S311 not a secret
        for queue in queues:
            _quietly(lambda queue=queue: wake(queue))


def _sweep() -> None:
    released = swept = time.monotonic()
    while True:
        time.sleep(min(1.0, conf().sweep_seconds / 2))
        now = time.monotonic()
        if now - swept >= conf().sweep_seconds:
            released = swept = now
            _quietly(tidy)
        elif now - released >= 1:
            released = now
            _quietly(release_dead)


def _quietly(look: Any) -> None:
    """A lost database must not end the thread: the next look has a new connection."""
    try:
        look()
    except DatabaseError as error:
        logger.warning("database away", extra={"error": type(error).__name__})
        connection.close()
