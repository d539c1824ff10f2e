"""`FakeServer`: the application on a real socket, in a thread of this process; many at once."""

import asyncio
import functools
import secrets
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn

from conferences.fake_tcs import keeping, tls
from conferences.fake_tcs.app import FakeApp
from conferences.fake_tcs.faults import Faults
from conferences.fake_tcs.meetings import Plan, Voice, add_late, add_session, build
from conferences.fake_tcs.state import (
    GRANTS,
    SCOPES,
    V3,
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
START_SECONDS = 10.0


class FakeServer:
    """A TrueConf Server of its own; use as a context manager.

    There are `olga` (an administrator) and `transcription_bot`; whoever speaks in a meeting is
    added with it. Passwords are `<login>-password`. `generation` "v3" is a server before 5.5.
    `keep` is a file from which a killed server comes back with all it knew, `seed` of the faults
    that strike by chance.
    """

    def __init__(
        self,
        *,
        name: str = "tcs.example",
        version: str = "5.5.6.10000",
        generation: str = "v4",
        host: str = "127.0.0.1",
        port: int = 0,
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
        app = App(
            client_id=client_id or secrets.token_hex(16),
            client_secret=client_secret or secrets.token_urlsafe(24),
            grants=set(grants),
            scopes=set(scopes),
            access_seconds=access_seconds,
        )
        self.state = State(name, version, app, secret_key=secrets.token_urlsafe(32))
        self.state.generation = generation
        self.state.faults = Faults(seed)
        if generation == V3 and version.startswith("5"):
            self.state.version = "4.7.3.10000"
        for login, full_name, is_admin in PEOPLE:
            self.state.add_user(login, name=full_name, is_admin=is_admin)
        if keep:
            self._keep(keep)
        self.host, self.port = host, port
        self.https = https
        self.certificate: Path | None = None
        """PEM file to trust this server by; only with https."""
        self._certificate_days, self._certificate_hosts = certificate_days, certificate_hosts
        self._folder: Path | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._server: uvicorn.Server | None = None
        self._alarm: threading.Timer | None = None
        self._ended = False
        self.state.die = self._die_for
        self.state.drop_chats = self.drop_chats

    def _keep(self, path: Path) -> None:
        """What the file holds wins; what changes from outside is written there at once."""
        if path.exists():
            keeping.load(self.state, path)
        self.state.changed = functools.partial(keeping.save, self.state, path)

    # -- life -------------------------------------------------------------------------------

    def start(self) -> "FakeServer":
        """Listen. Raises OSError where the port is taken."""
        if self.https and self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="fake-tcs-"))
            self.certificate, _ = tls.make_certificate(
                self._folder, days=self._certificate_days, hosts=self._certificate_hosts
            )
        listener = socket.create_server((self.host, self.port), reuse_port=False, backlog=512)
        self.port = listener.getsockname()[1]
        self.state.base_url = self.url
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(listener, ready), name=f"fake-tcs-{self.port}", daemon=True
        )
        self._thread.start()
        if not ready.wait(START_SECONDS):
            raise RuntimeError("The fake TCS did not start.")
        return self

    def stop(self) -> None:
        """Close every connection and the port, for good."""
        self._ended = True
        if self._alarm:
            self._alarm.cancel()
        self._halt()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def die(self) -> None:
        """Nobody listens any more; connections are reset. The address is kept for `revive`."""
        self._halt()

    def revive(self) -> None:
        """Listen again, with everything as it was."""
        if self._thread is None and not self._ended:
            self.start()

    def _die_for(self, seconds: float) -> None:
        """From a request: give its answer a moment to leave, then die for so long."""
        threading.Timer(0.05, self._nap, args=(seconds,)).start()

    def _nap(self, seconds: float) -> None:
        self.die()
        self._alarm = threading.Timer(seconds, self.revive)
        self._alarm.daemon = True
        self._alarm.start()

    def _halt(self) -> None:
        thread, loop, stop = self._thread, self._loop, self._stop
        if thread and loop and stop:
            loop.call_soon_threadsafe(stop.set)
            thread.join(10)
        self._thread = None

    def _run(self, listener: socket.socket, ready: threading.Event) -> None:
        config = uvicorn.Config(
            FakeApp(self.state, self._reset),
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
            ws_max_size=1 << 20,
            ssl_certfile=str(self._folder / "certificate.pem") if self._folder else None,
            ssl_keyfile=str(self._folder / "key.pem") if self._folder else None,
        )
        config.load()
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(self._serve(config, listener, ready))

    async def _serve(
        self, config: uvicorn.Config, listener: socket.socket, ready: threading.Event
    ) -> None:
        """Not `Server.serve`: it looks for the end only ten times a second."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._server = server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        ready.set()
        await self._stop.wait()
        for one in server.servers:
            one.close()
        listener.close()
        for connection in list(server.server_state.connections):
            _abort(connection)
        await asyncio.sleep(0)

    def _reset(self, client: Any) -> None:
        if self._server:
            for connection in list(self._server.server_state.connections):
                if getattr(connection, "client", None) == client:
                    _abort(connection)

    # -- what tests use ---------------------------------------------------------------------

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
        if self._server is None or self._loop is None:
            return 0
        sockets = [
            one
            for one in list(self._server.server_state.connections)
            if hasattr(one, "handshake_complete")
        ]
        for one in sockets:
            self._loop.call_soon_threadsafe(_abort, one)
        return len(sockets)


def _abort(connection: Any) -> None:
    """Reset, not close: what was not sent yet is lost, as with a pulled cable."""
    transport = getattr(connection, "transport", None)
    if transport is not None:
        transport.abort()
