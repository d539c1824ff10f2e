"""`FakeServer`: the application on a real socket, in a thread of this process; many at once."""

import functools
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from conferences.fake_tcs import keeping, tls
from conferences.fake_tcs.app import FakeApp
from conferences.fake_tcs.faults import Faults
from conferences.fake_tcs.listening import Listening
from conferences.fake_tcs.meetings import add_late, add_session, build
from conferences.fake_tcs.plans import Plan, Voice
from conferences.fake_tcs.state import (
    GRANTS,
    SCOPES,
    V3,
    V4,
    App,
    Meeting,
    Message,
    Notice,
    Seen,
    Session,
    State,
    Token,
    Track,
    User,
)

PEOPLE = (("olga", "Olga Admin", True), ("transcription_bot", "Transcription Bot", False))
VERSIONS = {V4: "5.5.6.10000", V3: "4.7.3.10000"}


class FakeServer:
    """A TrueConf Server of its own; use as a context manager.

    There are `olga` (an administrator) and `transcription_bot`; whoever speaks in a meeting is
    added with it. Passwords are `<login>-password`. `generation` "v3" is a server before 5.5.
    `keep` is a file from which a killed server comes back with all it knew, `seed` of the faults
    that strike by chance, `public_url` how others reach it, where that differs.
    """

    def __init__(
        self,
        *,
        name: str = "tcs.example",
        version: str = "",
        generation: str = V4,
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str = "",
        client_id: str = "",
        client_secret: str = "",
        scopes: Collection[str] = SCOPES,
        grants: Collection[str] = GRANTS,
        access_seconds: float | None = None,
        https: bool = False,
        certificate_days: float = 365.0,
        certificate_hosts: Sequence[str] = tls.HOSTS,
        keep: Path | None = None,
        seed: int = 1,
    ) -> None:
        self.host, self.port, self.https = host, port, https
        self.certificate: Path | None = None
        """PEM file to trust this server by; only with https."""
        self._public_url = public_url.rstrip("/")
        self._make_certificate = functools.partial(
            tls.make_certificate, days=certificate_days, hosts=certificate_hosts
        )
        self._listening: Listening | None = None
        self._alarm: threading.Timer | None = None
        self._ended = False
        client = client_id or secrets.token_hex(16), client_secret or secrets.token_urlsafe(24)
        app = App(*client, set(grants), set(scopes), access_seconds=access_seconds)
        self.state = State(name, version or VERSIONS[generation], app)
        self._prepare(generation, seed, keep)

    def _prepare(self, generation: str, seed: int, keep: Path | None) -> None:
        """What the file holds wins; what changes from outside is written there at once."""
        state = self.state
        state.generation, state.faults = generation, Faults(seed)
        state.die, state.drop_chats = self._die_for, self.drop_chats
        for login, full_name, is_admin in PEOPLE:
            state.add_user(login, name=full_name, is_admin=is_admin)
        if keep and keep.exists():
            keeping.load(state, keep)
        if keep:
            state.changed = functools.partial(keeping.save, state, keep)

    def start(self) -> "FakeServer":
        """Listen. Raises OSError where the port is taken."""
        if self.https and self.certificate is None:
            self.certificate, _key = self._make_certificate(
                Path(tempfile.mkdtemp(prefix="fake-tcs-"))
            )
        folder = self.certificate.parent if self.certificate else None
        listening = Listening(self.host, self.port, certificates=folder)
        self.port = listening.port
        self.state.base_url = self._public_url or self.url
        listening.start(FakeApp(self.state, listening.reset))
        self._listening = listening
        return self

    def stop(self) -> None:
        """Close every connection and the port, for good."""
        self._ended = True
        if self._alarm:
            self._alarm.cancel()
        self.die()
        if self.certificate:
            shutil.rmtree(self.certificate.parent, ignore_errors=True)

    def die(self) -> None:
        """Nobody listens any more; connections are reset. The address is kept for `revive`."""
        if self._listening:
            self._listening.halt()
            self._listening = None

    def revive(self) -> None:
        """Listen again, with everything as it was."""
        if self._listening is None and not self._ended:
            self.start()

    def _die_for(self, seconds: float) -> None:
        """From a request: give its answer a moment to leave, then die for so long."""
        threading.Timer(0.05, self._nap, args=(seconds,)).start()

    def _nap(self, seconds: float) -> None:
        self.die()
        self._alarm = threading.Timer(seconds, self.revive)
        self._alarm.daemon = True
        self._alarm.start()

    def __enter__(self) -> "FakeServer":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Scheme, host and port; no slash at the end."""
        return f"{'https' if self.https else 'http'}://{self.host}:{self.port}"

    @property
    def app(self) -> App:
        """The OAuth application: its id, secret, grants and scopes."""
        return next(iter(self.state.apps.values()))

    @property
    def faults(self) -> Faults:
        return self.state.faults

    @property
    def users(self) -> dict[str, User]:
        """By login."""
        return self.state.users

    @property
    def meetings(self) -> dict[str, Meeting]:
        """By conference id."""
        return self.state.meetings

    @property
    def requests(self) -> list[Seen]:
        """In the order they came; `/_fake/` is left out."""
        return self.state.requests

    @property
    def notified(self) -> list[Notice]:
        return self.state.notified

    @property
    def messages(self) -> list[Message]:
        return self.state.messages

    def add_user(self, login: str, **values: Any) -> User:
        return self.state.add_user(login, **values)

    def add_meeting(self, topic: str = "Product meeting", **plan: Any) -> Meeting:
        """A meeting as `Plan` says: the shipped sample unless `tracks` are given."""
        return build(self.state, Plan(topic=topic, **plan))

    def add_meetings(self, count: int, **plan: Any) -> list[Meeting]:
        """Many at once, `Meeting 1` and on; for load give `tracks=10`."""
        return [self.add_meeting(f"Meeting {n}", **plan) for n in range(1, count + 1)]

    def add_session(self, meeting: Meeting, **plan: Any) -> Session:
        """One more call of a conference that exists."""
        return add_session(self.state, meeting, Plan(**plan))

    def add_late_track(self, meeting: Meeting, voice: Voice, after: float = 0.0) -> Track:
        """One more track of its last session, listed `after` seconds from now."""
        return add_late(self.state, meeting, voice, after)

    def token_for(self, login: str, *, seconds: float = 3_600.0) -> str:
        """An access token of that person, as if he had signed in."""
        return self._token(self.users[login], seconds)

    def server_token(self, *, seconds: float = 3_600.0) -> str:
        """A server-wide access token of the application."""
        return self._token(None, seconds)

    def _token(self, user: User | None, seconds: float) -> str:
        access = secrets.token_urlsafe(32)
        ends = time.time() + seconds
        scopes = frozenset(self.app.scopes)
        with self.state.lock:
            self.state.tokens[access] = Token(access, "", self.app.client_id, user, scopes, ends)
        return access

    def expire_tokens(self) -> None:
        self.state.expire_tokens()

    def revoke_tokens(self, who: str | None = None) -> None:
        self.state.revoke_tokens(who)

    def drop_chats(self) -> int:
        """Reset the bots' sockets; how many there were."""
        return self._listening.drop_websockets() if self._listening else 0
