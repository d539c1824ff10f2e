"""Downloads that this process holds: kept alive, slowed down, told to stop."""

import logging
import os
import threading
import time
from dataclasses import dataclass, field

from django.db import Error as DatabaseError
from django.db import connection

from common.errors import SaiError
from common.sql import ask
from conferences.sql import downloads
from recordings.conf import conf

logger = logging.getLogger(__name__)
LONGEST_TICK = 2.0
"""Seconds between two renewals at most: so soon a changed bandwidth counts, too."""


class Stopped(SaiError):
    """`lost`: another attempt holds the track. `shutdown`: this process ends."""

    code = "lost"


@dataclass(eq=False)
class Held:
    """One claimed track at work in one thread."""

    id: int
    attempt: int
    bytes: int = 0
    rate: float | None = None
    """Bytes per second; None: as fast as it can."""
    why: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)
    _free_at: float = 0.0

    def stop(self, why: str) -> None:
        self.why = self.why or why
        self._stop.set()

    def check(self) -> None:
        """Raises Stopped when it must end."""
        if self._stop.is_set():
            raise Stopped(self.why, code=self.why)

    def pace(self, size: int) -> None:
        """Waits as long as `size` bytes take at the allowed rate. Raises Stopped."""
        self.check()
        if not self.rate:
            self._free_at = 0.0
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + size / self.rate
        end = self._free_at
        while (left := min(end, self._free_at) - time.monotonic()) > 0 and self.rate:
            self._stop.wait(min(left, LONGEST_TICK))
            self.check()


class Keeper:
    """Renews what this process holds, from one thread that ends when there is nothing."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._held: dict[int, Held] = {}
        self._thread: threading.Thread | None = None

    def add(self, held: Held) -> None:
        """Its first share of the bandwidth is known on return."""
        with self._lock:
            self._held[held.id] = held
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="keeper", daemon=True)
                self._thread.start()
        self._share()

    def drop(self, held: Held) -> None:
        with self._lock:
            if self._held.get(held.id) is held:
                del self._held[held.id]

    def holds(self, remote_track: int) -> bool:
        return remote_track in self._held

    def stop(self, why: str) -> None:
        for held in list(self._held.values()):
            held.stop(why)

    def _beat(self) -> None:
        while True:
            time.sleep(min(LONGEST_TICK, conf().heartbeat_seconds))
            with self._lock:
                if not self._held:
                    self._thread = None
                    connection.close()
                    return
                held = list(self._held.values())
            try:
                self._renew(held)
                self._share()
            except DatabaseError as error:
                # It comes back or the leases run out; both are safe.
                logger.warning("renewal missed", extra={"error": type(error).__name__})
                connection.close()

    def _renew(self, held: list[Held]) -> None:
        rows = ask(
            downloads.RENEW,
            ids=[one.id for one in held],
            attempts=[one.attempt for one in held],
            bytes=[one.bytes for one in held],
            lease=conf().lease_seconds,
        )
        ours = {row["id"] for row in rows}
        for one in held:
            if one.id not in ours:
                one.stop("lost")

    def _share(self) -> None:
        rates = {row["id"]: row["bytes_per_second"] for row in ask(downloads.SHARES)}
        for one in list(self._held.values()):
            one.rate = float(rate) if (rate := rates.get(one.id)) is not None else None
