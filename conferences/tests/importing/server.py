"""A meeting server in memory behind the `Driver` protocol: what the importer can be told.

What is spoken over sockets is tested with the drivers themselves; here the stories are about what
the importer does with any answer, at any moment.
"""

import datetime as dt
import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from conferences.platforms.base import (
    Health,
    NotThere,
    Part,
    PlatformError,
    RemoteConference,
    RemoteParticipant,
    RemoteSession,
    RemoteTrackInfo,
)

NOW = dt.datetime.now(dt.UTC)


def away(**details: Any) -> PlatformError:
    return PlatformError("nobody there", code="away", retryable=True, details=details)


@dataclass
class Sound:
    body: bytes
    etag: str = '"1"'
    listed_size: int | None = -1
    """-1: the true one."""
    listed_sha256: str | None = None
    """None: the true one; empty: the list does not say."""
    gone: bool = False
    hidden: bool = False
    cut_after: list[int] = field(default_factory=list)
    """Bytes after which the connection breaks, one per try."""
    refused: Exception | None = None

    @property
    def sha256(self) -> str:
        own = hashlib.sha256(self.body).hexdigest()
        return own if self.listed_sha256 is None else self.listed_sha256

    @property
    def size(self) -> int | None:
        return len(self.body) if self.listed_size == -1 else self.listed_size


@dataclass
class Server:
    """Change it while it is looked at."""

    meetings: dict[str, RemoteConference] = field(default_factory=dict)
    held: dict[str, list[RemoteSession]] = field(default_factory=dict)
    people: dict[str, list[RemoteParticipant]] = field(default_factory=dict)
    sounds: dict[tuple[str, str], dict[str, tuple[RemoteTrackInfo, Sound]]] = field(
        default_factory=dict
    )
    error: Exception | None = None
    hang: threading.Event | None = None
    pause: float = 0.0
    """Seconds between two chunks."""
    chunk: int = 4096
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def meet(
        self,
        id: str = "m1",
        *,
        sessions: int = 1,
        running: bool = False,
        gap_s: float = 300,
        **fields: Any,
    ) -> RemoteConference:
        """A conference held so many times, ten minutes each, the last of them just over."""
        begin = NOW - dt.timedelta(seconds=sessions * (600 + gap_s))
        defaults = {"topic": f"Topic of {id}", "owner": "anna@server.test"}
        self.meetings[id] = RemoteConference(id=id, is_running=running, **{**defaults, **fields})
        self.held[id] = []
        for number in range(sessions):
            start = begin + dt.timedelta(seconds=number * (600 + gap_s))
            end = start + dt.timedelta(seconds=600)
            stopped = None if running and number == sessions - 1 else end
            self.held[id].append(RemoteSession(f"{id}-s{number + 1}@x#vcs", start, stopped))
        self.people[id] = [
            RemoteParticipant("anna@server.test", "Anna", "owner"),
            RemoteParticipant("boris@server.test", "Boris", "participant"),
        ]
        return self.meetings[id]

    def stop(self, id: str = "m1") -> None:
        self.meetings[id] = replace(self.meetings[id], is_running=False)
        last = self.held[id][-1]
        self.held[id][-1] = replace(last, stopped_at=NOW)

    def speak(
        self, who: str, body: bytes, *, meeting: str = "m1", session: int = 1, **sound: Any
    ) -> Sound:
        """Somebody's track of a session."""
        there = self.held[meeting][session - 1]
        made = Sound(body, **sound)
        info = RemoteTrackInfo(
            id=f"{who}-{session}",
            call_id=f"{who}@server.test",
            display_name=who.title(),
            started_at=there.started_at,
            stopped_at=there.stopped_at,
            download_url=f"/tracks/{who}",
        )
        self.sounds.setdefault((meeting, there.id), {})[info.id] = (info, made)
        return made

    def driver(self, connection: Any) -> "StandIn":
        return StandIn(self)


class StandIn:
    """A driver of `Server`."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def _ask(self, *what: Any) -> None:
        self.server.asked.append(what)
        if self.server.hang is not None:
            self.server.hang.wait(20)
        if self.server.error is not None:
            raise self.server.error

    def check(self) -> Health:
        self._ask("check")
        return Health(
            granted_scopes=("conferences:read",),
            missing_scopes=("users:read",),
            clock_skew_s=1.5,
            certificate_expires_at=NOW + dt.timedelta(days=9),
            generation="v4",
        )

    def conferences(
        self, *, changed_since: dt.datetime | None = None
    ) -> Iterator[RemoteConference]:
        self._ask("conferences", changed_since)
        yield from list(self.server.meetings.values())

    def sessions(self, conference: RemoteConference) -> Sequence[RemoteSession]:
        self._ask("sessions", conference.id)
        return list(self.server.held.get(conference.id, []))

    def participants(
        self, conference_id: str, *, session_id: str = ""
    ) -> Sequence[RemoteParticipant]:
        self._ask("participants", conference_id)
        return list(self.server.people.get(conference_id, []))

    def tracks(self, conference_id: str, *, session_id: str) -> Sequence[RemoteTrackInfo]:
        self._ask("tracks", conference_id, session_id)
        found = self.server.sounds.get((conference_id, session_id), {})
        return [
            replace(info, size=sound.size, sha256=sound.sha256)
            for info, sound in found.values()
            if not sound.hidden
        ]

    @contextmanager
    def open_track(
        self,
        conference_id: str,
        *,
        session_id: str,
        track: RemoteTrackInfo,
        start: int = 0,
        etag: str = "",
    ) -> Iterator[Part]:
        self._ask("open", track.id, start, etag)
        _info, sound = self.server.sounds[conference_id, session_id][track.id]
        if sound.gone:
            raise NotThere("gone")
        if sound.refused:
            raise sound.refused
        begin = start if not etag or etag == sound.etag else 0
        with self.server._lock:
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        try:
            yield Part(begin, len(sound.body), sound.etag, self._chunks(sound, begin))
        finally:
            with self.server._lock:
                self.server.at_once -= 1

    def _chunks(self, sound: Sound, begin: int) -> Iterator[bytes]:
        end = len(sound.body)
        broken = sound.cut_after.pop(0) if sound.cut_after else None
        for at in range(begin, end, self.server.chunk):
            if broken is not None and at - begin >= broken:
                raise away()
            if self.server.pause:
                time.sleep(self.server.pause)
            yield sound.body[at : min(at + self.server.chunk, end)]

    def close(self) -> None:
        self.server.asked.append(("close",))
