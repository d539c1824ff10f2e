"""Brings tracks: as many at once as the settings say, over all processes, fair between servers.

`look` starts threads while there is something to bring and room for one more. A thread brings one
track after another until its claim comes back empty. What goes wrong is written into the row.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import Error as DatabaseError
from django.db import connections, transaction
from psycopg.types.json import Jsonb

from common.errors import SaiError, StorageFull
from common.sql import ask
from conferences import downloading, health, part_file
from conferences.held import Held, Keeper, Stopped
from conferences.models import RemoteTrack
from conferences.platforms.base import CredentialsRejected, NotThere, PlatformError
from conferences.sql import downloads
from recordings.conf import conf
from recordings.pipeline import identity
from recordings.pipeline.patience import insist
from recordings.pipeline.runner import describe
from recordings.services import awaited
from recordings.storage import get_storage

logger = logging.getLogger(__name__)
FIRST_DELAY, LONGEST_DELAY, FULL_DELAY = 2.0, 900.0, 60.0
"""Seconds before a track is tried again: doubled from the first to the longest; on a full disk."""
WRONG_TRIES = 5
"""So often a file is fetched that is not what the server's list says."""
WRONG = frozenset({"wrong_size", "wrong_hash", "changed_on_server"})


class Scheduler:
    """The downloads of this process. `settled` is called after a track was stored or given up."""

    def __init__(self, settled: Callable[[int], None]) -> None:
        self._settled = settled
        self._keeper = Keeper()
        self._claiming = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._ending = False

    def look(self) -> int:
        """Frees what dead processes held; starts what can be started: how many threads."""
        release()
        started = 0
        while (claimed := self._claim()) is not None:
            thread = threading.Thread(
                target=self._work, args=[claimed], name=f"download-{claimed.pk}", daemon=True
            )
            self._threads.add(thread)
            thread.start()
            started += 1
        return started

    def stop(self, *, seconds: float = 1.0) -> None:
        """Lets everything go, to be continued elsewhere from where it is. Who waits for his server
        for longer is not waited for: his thread ends with the process."""
        self._ending = True
        self._keeper.stop("shutdown")
        end = time.monotonic() + seconds
        for thread in list(self._threads):
            thread.join(max(0.0, end - time.monotonic()))
        if self._threads:
            ask(downloads.RELEASE, workers=[identity.name()], lease=conf().lease_seconds)

    @property
    def busy(self) -> bool:
        return bool(self._threads)

    def _claim(self) -> RemoteTrack | None:
        if self._ending or _is_full():
            return None
        with self._claiming:
            return claim()

    def _work(self, claimed: RemoteTrack | None) -> None:
        try:
            while claimed is not None:
                self._bring(claimed)
                claimed = self._claim()
        except DatabaseError as error:
            # Its lease runs out; whoever looks next goes on.
            logger.warning("database away", extra={"error": type(error).__name__})
        finally:
            self._threads.discard(threading.current_thread())
            connections.close_all()

    def _bring(self, claimed: RemoteTrack) -> None:
        held = Held(claimed.pk, claimed.attempt, bytes=claimed.bytes_done)
        self._keeper.add(held)
        try:
            downloading.bring(claimed, held)
        except Exception as error:  # noqa: BLE001  whatever it is, it is this track's, not ours
            if insist(partial(give_back, claimed, error)):
                self._settled(claimed.session_id)
        else:
            self._settled(claimed.session_id)
        finally:
            self._keeper.drop(held)


def claim() -> RemoteTrack | None:
    """The next track to bring, if one more may be brought now; counted over all processes."""
    with transaction.atomic():
        ask(downloads.ONE_BY_ONE)
        rows = ask(downloads.CLAIM, worker=identity.name(), lease=conf().lease_seconds)
    if not rows:
        return None
    related = ("connection", "session__conference", "track")
    return RemoteTrack.objects.select_related(*related).filter(**rows[0]).first()


def release() -> None:
    """Frees what dead processes of this machine held, and what nobody kept for a whole lease."""
    names = [row["worker"] for row in ask(downloads.WORKERS)]
    if names:
        dead = [name for name in names if identity.is_dead(name)]
        ask(downloads.RELEASE, workers=dead, lease=conf().lease_seconds)


def give_back(claimed: RemoteTrack, error: Exception) -> bool:
    """Puts the track back, or gives it up: True when it was given up. Decides by the error."""
    if isinstance(error, Stopped) and error.code == "lost":
        return False
    fate = _fate(claimed, error)
    logger.info("track not brought", extra={"track": claimed.pk, "code": _code(error)})
    part = part_file.place_of(get_storage(), claimed.pk)
    with transaction.atomic():
        rows = ask(
            downloads.PUT_BACK,
            id=claimed.pk,
            attempt=claimed.attempt,
            bytes=part.stat().st_size if part.exists() else 0,
            **fate,
        )
        given_up = bool(rows) and rows[0]["status"] != "pending"
        if given_up and claimed.track_id:
            awaited.give_up(claimed.track_id)
    if given_up:
        part.unlink(missing_ok=True)
    _tell_connection(claimed, error)
    return given_up


def _fate(claimed: RemoteTrack, error: Exception) -> dict[str, Any]:
    """The values of PUT_BACK: whether it counts, whether it is the end, and when again."""
    delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(claimed.failures, 20))
    fate = {"final": False, "counts": True, "as": "failed", "error": _stored(error)}
    if isinstance(error, Stopped):
        fate |= {"counts": False, "error": None}
        delay = 0.0
    elif isinstance(error, StorageFull | CredentialsRejected) or _code(error) == "part_in_use":
        fate["counts"] = False
        delay = FULL_DELAY if isinstance(error, StorageFull) else FIRST_DELAY
    elif isinstance(error, NotThere):
        fate["as"] = "missing"
    elif isinstance(error, SaiError):
        wrong_again = error.code in WRONG and claimed.failures + 1 >= WRONG_TRIES
        fate["final"] = wrong_again or not error.retryable
    delay = max(delay, getattr(error, "retry_after_s", None) or 0.0)
    delay *= random.uniform(0.75, 1.25) * conf().retry_pace  # noqa: S311 not a secret
    return {**fate, "delay": delay}


def _tell_connection(claimed: RemoteTrack, error: Exception) -> None:
    """Its other tracks need not find out the same."""
    if isinstance(error, CredentialsRejected):
        health.reject(claimed.connection, error)
    elif isinstance(error, PlatformError) and error.retryable and _is_away(error):
        ask(downloads.AWAY, id=claimed.connection_id, pace=conf().retry_pace)


def _is_away(error: PlatformError) -> bool:
    """Nothing answered, or only a proxy did. A server that answers 4xx is there."""
    if isinstance(error, NotThere):
        return False
    status = error.details.get("status")
    return not isinstance(status, int) or status >= 500


def _stored(error: Exception) -> Jsonb:
    return Jsonb(health.as_row(error) if isinstance(error, PlatformError) else described(error))


def described(error: Exception) -> dict[str, Any]:
    """The error as its row keeps it."""
    if not isinstance(error, SaiError):
        logger.warning("download failed", exc_info=error)
    return describe(error)


def _code(error: Exception) -> str:
    return error.code if isinstance(error, SaiError) else type(error).__name__


def _is_full() -> bool:
    """Nothing is claimed while the disk's reserve is touched: every track would meet it."""
    try:
        get_storage().ensure_room(0)
    except StorageFull:
        return True
    except SaiError as error:
        logger.warning("no storage", extra={"code": error.code})
        return True
    return False
