"""The heartbeat of a worker process: one thread that keeps what the process holds.

It renews leases and writes progress; it notices that a step was cancelled, taken over or is out of
time, and tells its context. Work that does not listen is ended with the process: the lease is then
free for another one.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import Error as DatabaseError
from django.db import connection

from recordings.conf import conf
from recordings.pipeline import leases
from recordings.pipeline.step import Context

logger = logging.getLogger(__name__)
GRACE_SECONDS = 20.0
"""How long work may go on after it was told to stop."""


@dataclass(slots=True)
class _Held:
    context: Context
    deadline: float
    renewed: float = field(default_factory=time.monotonic)
    told: int = 0
    stopped: float = 0


class Pulse:
    """Keeps the steps of this process. `end` is what happens to a process that does not listen."""

    def __init__(self, end: Callable[[], None] | None = None) -> None:
        self._end = end or (lambda: os._exit(70))
        self._held: dict[int, _Held] = {}
        self._pid = 0
        self._wake = threading.Event()

    @contextmanager
    def keeping(self, context: Context, *, seconds: float) -> Iterator[None]:
        """Keeps the context's step alive for at most `seconds`."""
        if self._pid != os.getpid():  # threads do not survive a fork
            self._pid, self._held, self._wake = os.getpid(), {}, threading.Event()
            threading.Thread(target=self._beat, name="pulse", daemon=True).start()
        key = context.claimed.pk
        self._held[key] = _Held(context, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._held.pop(key, None)

    def _beat(self) -> None:
        tick = min(1.0, conf().heartbeat_seconds / 2)
        while True:
            self._wake.wait(tick)
            if not self._held:
                connection.close()  # none is kept while there is nothing to renew
            for held in list(self._held.values()):
                try:
                    self._look_after(held)
                except DatabaseError:
                    # It comes back or the lease runs out; both are safe.
                    logger.warning("heartbeat missed", extra={"step": held.context.claimed.pk})
                    connection.close()

    def _look_after(self, held: _Held) -> None:
        now = time.monotonic()
        if held.stopped:
            if now > held.stopped + GRACE_SECONDS and held.context.claimed.pk in self._held:
                logger.error("step does not stop", extra={"step": held.context.claimed.step})
                self._end()
            return
        if now > held.deadline:
            held.context.stopped, held.stopped = "timeout", now
            return
        progress = held.context.progress
        if progress == held.told and now < held.renewed + conf().heartbeat_seconds:
            return
        kept = leases.renew(held.context.claimed, progress=progress, tell=progress != held.told)
        held.renewed, held.told = now, progress
        if not kept:
            held.context.stopped, held.stopped = "cancelled", now


pulse = Pulse()
