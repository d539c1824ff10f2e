"""What a process of the queue `download` does when it is called: look around, and begin.

Named in wiring (QUEUE_LOOKS), so `recordings.tasks` calls it by hint, by beat and every few
seconds. It returns at once; polls and downloads go on in threads, and end with the process.
"""

import os
import threading
from typing import Any

from celery import signals

from conferences import journey
from conferences.background import Background
from conferences.scheduler import Scheduler
from recordings import hints

QUEUE = "download"


class Worker:
    """Polls and downloads of this process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.background = Background(self._found)
        self.scheduler = Scheduler(self._settled)

    def look(self) -> None:
        self.background.look()
        journey.advance()
        self.scheduler.look()

    def stop(self) -> None:
        self.background.stop()
        self.scheduler.stop()

    @property
    def busy(self) -> bool:
        return self.background.busy or self.scheduler.busy

    def _found(self) -> None:
        journey.advance()
        self.scheduler.look()

    def _settled(self, session_id: int) -> None:
        journey.after_track(session_id)


_guard = threading.Lock()
_workers: list[Worker] = []


def look() -> None:
    """Begins whatever is due."""
    current().look()


def current() -> Worker:
    """The worker of this process; a forked child has one of its own."""
    with _guard:
        if not _workers or _workers[0].pid != os.getpid():
            _workers[:] = [Worker()]
        return _workers[0]


@signals.worker_process_shutdown.connect(weak=False)
def stop(**_: Any) -> None:
    """The process ends: everything is let go, to be continued by the next one."""
    if _workers and _workers[0].pid == os.getpid():
        _workers[0].stop()


def wake() -> None:
    """Somebody wants it to look now."""
    hints.wake(QUEUE)
