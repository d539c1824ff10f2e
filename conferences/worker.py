"""What a process of the queue `download` does when it is called: look around, and begin.

Named in wiring (QUEUE_LOOKS), so `recordings.tasks` calls it by hint, by beat and every few
seconds. It returns at once; polls and downloads go on in threads, and end with the process.
"""

import logging
import os
import threading
from typing import Any

from celery import signals
from django.db import Error as DatabaseError
from django.db import connections

from conferences import journey
from conferences.background import Background
from conferences.scheduler import Scheduler
from recordings import hints

logger = logging.getLogger(__name__)
QUEUE = "download"


class Ending(Exception):
    """The process ends; what is due stands in its rows."""


class Worker:
    """Polls and downloads of this process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.background = Background(self._advance)
        self.scheduler = Scheduler(journey.after_track)
        self._guard = threading.Lock()
        self._advancing = self._again = self._ending = False

    def look(self) -> None:
        """Begins whatever is due; returns at once."""
        self.background.look()
        self.scheduler.look()
        self._advance()

    def stop(self) -> None:
        self._ending = True
        self.background.stop()
        self.scheduler.stop()

    @property
    def busy(self) -> bool:
        return self._advancing or self.background.busy or self.scheduler.busy

    def _advance(self) -> None:
        """Sessions go on in one thread; who is called while it is at work looks once more."""
        with self._guard:
            self._again = True
            if self._advancing or self._ending:
                return
            self._advancing = True
        threading.Thread(target=self._run, name="journey", daemon=True).start()

    def _run(self) -> None:
        try:
            while self._goes_on():
                journey.advance(self._between)
                self.scheduler.look()
        except DatabaseError as error:
            logger.warning("database away", extra={"error": type(error).__name__})
        except Ending:
            logger.info("the process ends")
        finally:
            self._advancing = False
            connections.close_all()

    def _goes_on(self) -> bool:
        with self._guard:
            again, self._again = self._again and not self._ending, False
            if not again:
                self._advancing = False
            return again

    def _between(self) -> None:
        if self._ending:
            raise Ending
        self.scheduler.look()


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
