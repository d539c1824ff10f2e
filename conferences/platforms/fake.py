"""A meeting server that only exists in `connection.options`: for tests and demonstrations.

`{"conferences": [{"id", "topic", "owner", "sessions": [{"id", "tracks": [{"id", "seconds"}]}]}],
"people": {TOKEN: {"call_id"}}, "fails": {CALL: CODE}}`; the classes here say the rest.
"""

import datetime as dt
import hashlib
import io
import struct
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from math import pi, sin
from typing import ClassVar, Final
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from common.errors import Invalid
from conferences.choices import ConferenceRole
from conferences.models import Connection
from conferences.platforms.base import (
    CredentialsRejected,
    Health,
    NotThere,
    Part,
    Person,
    PlatformError,
    RemoteConference,
    RemoteParticipant,
    RemoteSession,
    RemoteTrackInfo,
    TokenPair,
    TokenRefused,
)

RATE: Final = 8000
CHUNK: Final = 64 * 1024


class Told(BaseModel):
    """What is written wrongly is said, not passed over."""

    model_config = ConfigDict(extra="forbid", use_enum_values=True)


class FakeTrack(Told):
    """A tone of its own, so long; `gone`: listed, and can't be had."""

    id: str
    call_id: str = ""
    display_name: str = ""
    seconds: float = Field(default=1.0, ge=0, le=3600)
    gone: bool = False
    started_at: AwareDatetime | None = None


class FakeParticipant(Told):
    call_id: str
    display_name: str = ""
    role: ConferenceRole = ConferenceRole.PARTICIPANT


class FakeSession(Told):
    id: str
    started_at: AwareDatetime | None = None
    stopped_at: AwareDatetime | None = None
    participants: list[FakeParticipant] = []
    tracks: list[FakeTrack] = []


class FakeConference(Told):
    id: str
    topic: str = ""
    owner: str = ""
    is_running: bool = False
    auto_recognition: bool | None = None
    language: str = ""
    created_at: AwareDatetime | None = None
    tags: list[str] = []
    sessions: list[FakeSession] = []


class FakePerson(Told):
    call_id: str
    display_name: str = ""
    email: str = ""
    is_administrator: bool = False


class Content(Told):
    """All there is. `fails`: name of a call of the driver -> `away`, `rejected` or `gone`."""

    conferences: list[FakeConference] = []
    people: dict[str, FakePerson] = {}
    fails: dict[str, str] = {}


class Fake:
    """A `conferences.platforms.base.Driver`."""

    told: ClassVar[list[tuple[str, tuple[str, ...], str]]] = []
    """(conference, people, message) of this process, in order."""

    def __init__(self, connection: Connection) -> None:
        self._content = parsed(connection)

    def close(self) -> None:
        """Nothing is held open."""

    def check(self) -> Health:
        self._meet("check")
        return Health(generation="fake")

    def conferences(
        self, *, changed_since: dt.datetime | None = None
    ) -> Iterator[RemoteConference]:
        self._meet("conferences")
        for one in self._content.conferences:
            yield RemoteConference(
                id=one.id,
                topic=one.topic,
                owner=one.owner,
                is_running=one.is_running,
                auto_recognition=one.auto_recognition,
                recognition_language=one.language,
                created_at=one.created_at,
                tags=tuple(one.tags),
                session_id=one.sessions[-1].id if one.sessions else "",
            )

    def sessions(self, conference: RemoteConference) -> Sequence[RemoteSession]:
        self._meet("sessions")
        sessions = self._conference(conference.id).sessions
        return [RemoteSession(one.id, one.started_at, one.stopped_at) for one in sessions]

    def participants(
        self, conference_id: str, *, session_id: str = ""
    ) -> Sequence[RemoteParticipant]:
        self._meet("participants")
        found = self._conference(conference_id).sessions
        there = [one for one in found if session_id in ("", one.id)]
        people = {one.call_id: one for session in there for one in session.participants}
        return [
            RemoteParticipant(one.call_id, one.display_name, str(one.role))
            for one in people.values()
        ]

    def tracks(self, conference_id: str, *, session_id: str) -> Sequence[RemoteTrackInfo]:
        self._meet("tracks")
        listed = self._session(conference_id, session_id).tracks
        return [
            _info(one, sound_of(f"{conference_id}/{session_id}/{one.id}", one.seconds))
            for one in listed
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
        self._meet("open_track")
        listed = {one.id: one for one in self._session(conference_id, session_id).tracks}
        found = listed.get(track.id)
        if found is None or found.gone:
            raise _missing()
        data = sound_of(f"{conference_id}/{session_id}/{found.id}", found.seconds)
        mark = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        begin = start if etag in ("", mark) and start <= len(data) else 0
        pieces = (data[at : at + CHUNK] for at in range(begin, len(data), CHUNK))
        yield Part(begin, len(data), mark, pieces)

    def tell(self, conference_id: str, *, call_ids: Sequence[str], message: str) -> None:
        self._meet("tell")
        self._conference(conference_id)
        self.told.append((conference_id, tuple(call_ids), message))

    def verify(self, token: str) -> Person:
        self._meet("verify")
        if (found := self._content.people.get(token)) is None:
            raise TokenRefused(_("The server does not accept this token."))
        return Person(found.call_id, found.display_name, found.email, found.is_administrator)

    def sign_in_url(self, *, redirect_uri: str, state: str) -> str:
        """Comes straight back: the code is the first person's token."""
        code = next(iter(self._content.people), "")
        joint = "&" if "?" in redirect_uri else "?"
        return f"{redirect_uri}{joint}{urlencode({'code': code, 'state': state})}"

    def exchange_code(self, code: str, *, redirect_uri: str) -> TokenPair:
        self._meet("exchange_code")
        if code not in self._content.people:
            raise TokenRefused(_("The server does not accept the sign-in."))
        return TokenPair(code, expires_in_s=3600.0)

    def _meet(self, call: str) -> None:
        """The failure that was asked for."""
        kind = self._content.fails.get(call)
        if kind == "away":
            raise PlatformError(
                _("It can't be reached."), code="outbound_unreachable", retryable=True
            )
        if kind == "rejected":
            raise CredentialsRejected(_("The server refuses our token, also a new one."))
        if kind == "gone":
            raise _missing()

    def _conference(self, wanted: str) -> FakeConference:
        for one in self._content.conferences:
            if one.id == wanted:
                return one
        raise _missing()

    def _session(self, conference_id: str, wanted: str) -> FakeSession:
        for one in self._conference(conference_id).sessions:
            if one.id == wanted:
                return one
        raise _missing()


def _info(one: FakeTrack, data: bytes) -> RemoteTrackInfo:
    return RemoteTrackInfo(
        id=one.id,
        call_id=one.call_id,
        display_name=one.display_name,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        started_at=one.started_at,
    )


def _missing() -> NotThere:
    return NotThere(_("The server does not have it."))


def parsed(connection: Connection) -> Content:
    """Raises PlatformError where the options are no content."""
    try:
        return Content.model_validate(connection.options or {})
    except ValidationError as error:
        raise PlatformError(_mistake(error), code="connection_options") from None


def check(connection: Connection) -> None:
    """What an administrator wrote. Raises Invalid."""
    try:
        Content.model_validate(connection.options)
    except ValidationError as error:
        text = _mistake(error)
        raise Invalid(text, code="connection_options", details={"options": [text]}) from None


def _mistake(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


@lru_cache(maxsize=256)
def sound_of(name: str, seconds: float) -> bytes:
    """A WAV with a tone and bytes of its own for each name."""
    digest = hashlib.sha256(name.encode()).digest()
    pitch = 200 + int.from_bytes(digest[:2], "big") % 600
    count = int(seconds * RATE)
    one_second = [int(8000 * sin(2 * pi * pitch * at / RATE)) for at in range(min(count, RATE))]
    frames = struct.pack(f"<{len(one_second)}h", *one_second)
    whole = (digest + frames * (count // RATE + 1))[: count * 2]
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(whole)
    return file.getvalue()
