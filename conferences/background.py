"""Looks for conferences: every connection in its time, each in a thread of its own.

A server that is dead or hangs holds its own thread and nobody else's. No call to a server is made
inside a transaction. Between two calls the poll renews its lease; who was overtaken stops.
"""

import datetime as dt
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Any

from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone
from psycopg.types.json import Jsonb

from common.errors import SaiError, Untranslated
from common.errors import gettext_noop as _
from common.sql import ask
from conferences import health
from conferences.choices import ConferenceRole, ConnectionAccess, ConnectionStatus
from conferences.models import Conference, Connection
from conferences.platforms import registry
from conferences.platforms.base import (
    CredentialsRejected,
    Driver,
    NotThere,
    RemoteConference,
    RemoteParticipant,
    RemoteSession,
    RemoteTrackInfo,
)
from conferences.sql import polling
from recordings.choices import Priority
from recordings.conf import conf
from recordings.pipeline import identity

logger = logging.getLogger(__name__)
LEASE_SECONDS = 120.0
"""Longer than any one call to a server may take."""
THREADS = 32
"""Servers looked at by one process at once; hanging ones count."""
CHECK_SECONDS = 600.0
"""How often scopes, clock and certificate are looked at."""
_ZERO = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
AGAIN_SECONDS = 3600.0
"""A track that was missing is asked for again so much later, while the server lists it."""


class Overtaken(SaiError):
    """Another process looks at this server by now."""


class Background:
    """The polls of this process. `found` is called after each look that succeeded."""

    def __init__(self, found: Callable[[], None]) -> None:
        self._found = found
        self._threads: set[threading.Thread] = set()
        self._ending = False

    def look(self) -> int:
        """Starts a thread for every connection that is due: how many."""
        release()
        started = 0
        while len(self._threads) < THREADS and not self._ending and (poll := claim()):
            thread = threading.Thread(
                target=self._work, args=[poll], name=f"poll-{poll.connection.pk}", daemon=True
            )
            self._threads.add(thread)
            thread.start()
            started += 1
        return started

    def stop(self) -> None:
        """Begins nothing more; what is under way is done again elsewhere."""
        self._ending = True

    @property
    def busy(self) -> bool:
        return bool(self._threads)

    def _work(self, poll: "Poll") -> None:
        try:
            poll.run()
            self._found()
        except DatabaseError as error:
            logger.warning("database away", extra={"error": type(error).__name__})
        finally:
            self._threads.discard(threading.current_thread())
            connections.close_all()


def claim() -> "Poll | None":
    """The connection that waits longest, for this process."""
    rows = ask(polling.CLAIM, worker=identity.name(), lease=LEASE_SECONDS)
    if not rows:
        return None
    connection = Connection.objects.get(pk=rows[0]["id"])
    return Poll(connection, attempt=rows[0]["poll_attempt"], began=rows[0]["at"])


def release() -> None:
    """Frees what dead processes of this machine were looking at."""
    dead = [row["poller"] for row in ask(polling.POLLERS) if identity.is_dead(row["poller"])]
    if dead:
        ask(polling.RELEASE, workers=dead)


class Poll:
    """One look at one server."""

    def __init__(self, connection: Connection, *, attempt: int, began: dt.datetime) -> None:
        self.connection, self.attempt, self.began = connection, attempt, began
        self._renewed = time.monotonic()

    def run(self) -> None:
        """Looks, and settles the claim whatever happened."""
        try:
            with closing(registry.get_driver(self.connection)) as driver:
                self._look(driver)
        except Overtaken:
            logger.info("poll overtaken", extra={"connection": self.connection.pk})
        except (OperationalError, InterfaceError):
            raise  # our database's trouble: the lease runs out, and the look is made again
        except Exception as error:  # noqa: BLE001  it is this server's trouble and told there
            self._fail(error)
        else:
            ask(polling.SETTLE, **self._mine, since=self.began, pace=conf().retry_pace)

    @property
    def _mine(self) -> dict[str, int]:
        return {"id": self.connection.pk, "attempt": self.attempt}

    def _fail(self, error: Exception) -> None:
        told = error if isinstance(error, SaiError) else unforeseen(error)
        if told is not error:
            logger.error("poll failed", extra={"connection": self.connection.pk}, exc_info=error)
        logger.warning("poll failed", extra={"connection": self.connection.pk, "code": told.code})
        if isinstance(told, CredentialsRejected):
            health.reject(self.connection, told)
        ask(polling.FAIL, **self._mine, **health.failure(told), pace=conf().retry_pace)

    def _keep(self) -> None:
        """Between two calls to the server."""
        if time.monotonic() - self._renewed < LEASE_SECONDS / 4:
            return
        if not ask(polling.RENEW, **self._mine, lease=LEASE_SECONDS):
            raise Overtaken("overtaken")
        self._renewed = time.monotonic()

    def _look(self, driver: Driver) -> None:
        if self._wants_check():
            health.look(self.connection, driver)
        if self.connection.access == ConnectionAccess.READ_ONLY:
            return  # its people sign in here; nothing is brought
        seen = []
        since = self.connection.changed_since
        if since is not None:
            since -= dt.timedelta(hours=self.connection.rescan_hours)
        for remote in driver.conferences(changed_since=since):
            self._keep()
            seen.append(self._conference(driver, remote))
        window = max(self.connection.rescan_hours, 1)
        rows = ask(polling.UNFINISHED, connection=self.connection.pk, seen=seen, window=window)
        for known in Conference.objects.filter(pk__in=[row["id"] for row in rows]):
            self._keep()
            self._contents(driver, known.pk, as_remote(known))

    def _wants_check(self) -> bool:
        at = self.connection.checked_at
        fresh = at is not None and (self.began - at).total_seconds() < CHECK_SECONDS
        return not fresh or self.connection.status != ConnectionStatus.WORKS

    def _conference(self, driver: Driver, remote: RemoteConference) -> int:
        id_ = put_conference(self.connection, remote)
        self._contents(driver, id_, remote)
        return id_

    def _contents(self, driver: Driver, id_: int, remote: RemoteConference) -> None:
        """Sessions, and of those that are due people and tracks."""
        try:
            sessions = driver.sessions(remote)
        except NotThere:
            sessions = []  # deleted there; what we know of it stays
        put_sessions(id_, remote, sessions)
        due = ask(polling.DUE, conference=id_, window=max(self.connection.rescan_hours, 1))
        for row in due:
            self._keep()
            self._session(driver, id_, remote, row, newest=row is due[0])

    def _session(
        self, driver: Driver, id_: int, remote: RemoteConference, row: Any, *, newest: bool
    ) -> None:
        try:
            there = driver.participants(remote.id, session_id=row["remote_id"])
            tracks = driver.tracks(remote.id, session_id=row["remote_id"])
        except NotThere:
            there, tracks = [], []
        put_participants(id_, remote.owner, there, newest=newest)
        put_tracks(self.connection, row, tracks)


def as_remote(known: Conference) -> RemoteConference:
    """A conference as we know it, where the server did not list it again."""
    return RemoteConference(
        id=known.remote_id,
        topic=known.topic,
        owner=known.owner_call_id,
        is_running=known.is_running,
        auto_recognition=known.auto_recognition,
        recognition_language=known.recognition_language,
        seen=known.seen,
    )


def put_conference(connection: Connection, remote: RemoteConference) -> int:
    """Its row, made or brought up to date: the id."""
    values = {
        "connection": connection.pk,
        "remote_id": clean(remote.id, 200),
        "topic": clean(remote.topic, 500),
        "owner": clean(remote.owner, 200),
        "is_running": remote.is_running,
        "auto": remote.auto_recognition,
        "language": clean(remote.recognition_language, 10),
        "tags": Jsonb([clean(tag, 60) for tag in remote.tags]),
        "seen": Jsonb(_fit(remote.seen)),
    }
    rows = ask(polling.CONFERENCE, **values) or ask(polling.CONFERENCE, **values)
    return int(rows[0]["id"])


def put_sessions(id_: int, remote: RemoteConference, sessions: Sequence[RemoteSession]) -> None:
    """A session is over when it says so, when the conference stands still, or when a newer one
    has begun."""
    latest = max((one.started_at for one in sessions if one.started_at), default=None)
    rows = [
        {
            "id": clean(one.id, 200),
            "started_at": _iso(one.started_at),
            "stopped_at": _iso(one.stopped_at),
            "ended": one.stopped_at is not None
            or not remote.is_running
            or bool(latest and one.started_at and one.started_at < latest),
        }
        for one in sessions
    ]
    if rows:
        ask(polling.SESSIONS, conference=id_, rows=Jsonb(rows))


def put_participants(
    id_: int, owner: str, there: Iterable[RemoteParticipant], *, newest: bool
) -> None:
    roles = frozenset(ConferenceRole.values)
    rows = [
        {
            "call_id": clean(one.call_id, 200).lower(),
            "name": clean(one.display_name, 200),
            "role": one.role if one.role in roles else ConferenceRole.PARTICIPANT.value,
            "joined_at": _iso(one.joined_at),
            "left_at": _iso(one.left_at),
        }
        for one in there
        if one.call_id
    ]
    for row in rows:
        if row["call_id"] == owner.lower():
            row["role"] = ConferenceRole.OWNER.value
    if rows:
        ask(polling.PARTICIPANTS, conference=id_, rows=Jsonb(rows), newest=newest)


def put_tracks(connection: Connection, row: Any, tracks: Iterable[RemoteTrackInfo]) -> int:
    """How many are new, or another file than before."""
    rows = [
        {
            "id": clean(one.id, 200),
            "call_id": clean(one.call_id, 200),
            "name": clean(one.display_name, 200),
            "size": one.size,
            "sha256": clean(one.sha256, 64).lower(),
            "started_at": _iso(one.started_at),
            "stopped_at": _iso(one.stopped_at),
            "url": one.download_url.replace("\0", "")[:2000],
        }
        for one in tracks
    ]
    ended = row["stopped_at"] or row["started_at"] or timezone.now()
    old = ended < timezone.now() - dt.timedelta(hours=max(connection.rescan_hours, 1))
    found = ask(
        polling.TRACKS,
        connection=connection.pk,
        session=row["id"],
        rows=Jsonb(rows),
        priority=int(Priority.LOW if old else Priority.NORMAL),
        again=AGAIN_SECONDS * conf().retry_pace,
    )
    return int(found[0]["count"])


def clean(text: str, limit: int) -> str:
    """What a server calls something, fit for a column."""
    return str(text).replace("\0", "").encode(errors="replace").decode()[:limit]


def _fit(seen: dict[str, Any]) -> Any:
    """What a server said of a conference, fit for a column of JSON: no zero characters.

    An even number of backslashes before one: `\\\\u0000` is what somebody typed.
    """
    return json.loads(_ZERO.sub(r"\1", json.dumps(seen, default=str)))


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def unforeseen(error: Exception) -> Untranslated:
    return Untranslated(
        "poll_failed",
        _("Something unexpected happened while the server was looked at (%(kind)s)."),
        retryable=True,
        next_action=_("It is looked at again; if it stays so, send the log to support."),
        kind=type(error).__name__,
    )
