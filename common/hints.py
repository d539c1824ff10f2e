"""Telling somebody that there is news, without ever waiting for him.

A hint may be lost: whoever is told looks into PostgreSQL, and also looks by himself every few
seconds. So hints are coalesced by name and sent from a thread beside the work: a dead or frozen
Redis costs its caller nothing.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)
PAUSE_SECONDS = 0.01
"""Between two rounds: the first ring is sent at once, those of the next moment together. Without it
the thread sends without end while steps are short, and takes half of what a worker can do."""


class Bell:
    """Sends names through `send`, each at most once per round, from one daemon thread.

    `pause_seconds`: between rounds; longer where one look serves many hints.
    """

    def __init__(
        self, send: Callable[[str], None], *, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._send = send
        self._pause_seconds = pause_seconds
        self._heard = True
        self._forget()

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._names: dict[str, None] = {}
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None

    def ring(self, name: str) -> None:
        """Returns at once; the name is sent soon, or not at all."""
        if self._pid != os.getpid():  # a forked child has the lock but not the thread
            self._forget()
        with self._news:
            self._names[name] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
                self._thread.start()
            self._news.notify()

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._names:
                    self._news.wait()
                names, self._names = list(self._names), {}
            for name in names:
                self._try(name)
            time.sleep(self._pause_seconds)

    def _try(self, name: str) -> None:
        try:
            self._send(name)
        except Exception as error:  # noqa: BLE001  whatever it is, the next look heals it
            if self._heard:
                logger.warning("hints are lost", extra={"error": type(error).__name__})
            self._heard = False
        else:
            if not self._heard:
                logger.info("hints are heard again")
            self._heard = True
