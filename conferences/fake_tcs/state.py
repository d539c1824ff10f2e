"""What a server knows: people, applications, tokens, meetings, and what it was asked and told.

Everything is in memory. `State.lock` is held while a request is answered and while a test changes
something. What is running, over or not yet there follows from the clock, so nothing has to tick.
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from conferences.fake_tcs.faults import Faults
from conferences.fake_tcs.sound import Sound

SCOPES = (
    "conferences",
    "conferences.invitations",
    "conferences.participants",
    "conferences.records",
    "conferences.sessions:read",
    "conferences.sessions.participants:read",
    "users",
    "logs.calls:read",
    "logs.calls.participants:read",
    "logs.calls.invites:read",
)
"""A scope without `:read` or `:write` is both."""
GRANTS = ("client_credentials", "password", "refresh_token", "authorization_code")
V4, V3 = "v4", "v3"
OWNER_FLAG, MODERATOR_FLAG, PARTICIPANT_FLAG = 2, 1, 0


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class User:
    """`login` is for signing in; `uid` (login@server) is how meetings and chats name him."""

    login: str
    uid: str
    display_name: str
    password: str
    email: str
    is_admin: bool = False
    is_active: bool = True


@dataclass
class App:
    """An OAuth application, as an administrator made it."""

    client_id: str
    client_secret: str
    grants: set[str]
    scopes: set[str]
    redirect_uris: set[str] = field(default_factory=set)
    """Empty: any."""
    access_seconds: float | None = None
    """None: an hour by v4, seven days by v3."""


@dataclass
class Token:
    access: str
    refresh: str
    client_id: str
    user: User | None
    scopes: frozenset[str]
    ends_at: float
    """Unix time."""
    secret_key: bool = False

    def allows(self, scope: str) -> bool:
        """`conferences` allows `conferences:read`; the secret key allows everything."""
        return self.secret_key or not self.scopes.isdisjoint({scope, scope.partition(":")[0]})


@dataclass
class Code:
    """An authorization code: one use, ten minutes."""

    client_id: str
    user: User
    redirect_uri: str
    ends_at: float


@dataclass
class Participant:
    """One connection of one person to one session."""

    id: str
    call_id: str
    display_name: str
    flag: int
    joined_at: datetime
    left_at: datetime | None
    """None: with the end of the session."""
    app_id: str


@dataclass
class Track:
    """What one connection said. Listed from `available_at`; `gone`: listed, and 404."""

    id: str
    call_id: str
    display_name: str
    sound: Sound
    started_at: datetime
    stopped_at: datetime
    available_at: datetime
    gone: bool = False


@dataclass
class Session:
    """One call of a conference. `ends_at` may lie ahead (it runs until then) or be None."""

    id: str
    started_at: datetime
    ends_at: datetime | None
    participants: list[Participant] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.ends_at is not None and self.ends_at <= now()

    @property
    def stopped_at(self) -> datetime | None:
        return self.ends_at if self.is_over else None

    def listed(self) -> list[Track]:
        """Tracks that can be known by now: none while the call runs."""
        moment = now()
        return [t for t in self.tracks if t.available_at <= moment] if self.is_over else []


@dataclass
class Recording:
    """A video recording of everybody, apart from the tracks."""

    id: int
    sound: Sound
    owner: str
    started_at: datetime
    stopped_at: datetime


@dataclass
class Invitation:
    id: str
    display_name: str
    is_moderator: bool = False


@dataclass
class Meeting:
    """A conference with its sessions, oldest first."""

    id: str
    topic: str
    owner: str
    created_at: datetime
    recognition_language: str = "en"
    auto_recognition_enabled: bool = True
    recording_enabled: bool = True
    mode: str = "PxP"
    access: str = "private"
    starts_at: datetime | None = None
    """Of its schedule."""
    sessions: list[Session] = field(default_factory=list)
    invitations: list[Invitation] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    translations: list[str] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        return any(not session.is_over for session in self.sessions)

    def concerns(self, user: User) -> bool:
        """Whether he is owner or listed participant: what a user's token sees."""
        said = {p.call_id for session in self.sessions for p in session.participants}
        return user.uid == self.owner or user.uid in said | {one.id for one in self.invitations}

    def stop(self) -> None:
        """End what runs now."""
        for session in self.sessions:
            if not session.is_over:
                session.ends_at = now()


@dataclass
class Seen:
    """One request as it came in, and what became of it. Tokens are not kept."""

    method: str
    path: str
    raw_path: str
    query: str
    range: str = ""
    token_in_query: bool = False
    status: int | None = None
    """None: not answered, or not yet."""
    sent: int = 0
    """Bytes of the body."""
    at: float = field(default_factory=time.time)


@dataclass
class Notice:
    """What `notify` was told."""

    conference_id: str
    invitations: list[str]
    message: str
    recipients: list[str]
    """Those named, or everybody invited."""
    at: datetime = field(default_factory=now)


@dataclass
class Message:
    """A message that a bot sent to a person."""

    id: str
    chat_id: str
    author: str
    recipient: str
    text: str
    parse_mode: str
    at: datetime = field(default_factory=now)


class State:
    """One server's memory."""

    def __init__(self, name: str, version: str, app: App) -> None:
        self.lock = threading.RLock()
        self.name, self.version = name, version
        self.secret_key = secrets.token_urlsafe(32)
        self.base_url = ""
        self.generation = V4
        self.with_sha256 = True
        self.apps = {app.client_id: app}
        self.users: dict[str, User] = {}
        self.tokens: dict[str, Token] = {}
        self.refreshes: dict[str, Token] = {}
        self.codes: dict[str, Code] = {}
        self.bridge_codes: dict[str, User] = {}
        self.meetings: dict[str, Meeting] = {}
        self.servers_ai: list[dict[str, object]] = []
        self.signed_in: str | None = None
        """A login that the authorise page takes as signed in already."""
        self.faults = Faults()
        self.requests: list[Seen] = []
        self.notified: list[Notice] = []
        self.messages: list[Message] = []
        self.downloading = self.most_downloading = 0
        self.bot_key = secrets.token_bytes(32)
        self.bot_passwords = True
        """False: bots may sign in only through v4."""
        self.bot_token_seconds = 2_592_000.0
        self.bot_tokens: set[str] = set()
        self.ended_bot_tokens: set[str] = set()
        self.chats: dict[str, tuple[str, str]] = {}
        self.control_key = secrets.token_urlsafe(18)
        self.drop_chats: Callable[[], int] = lambda: 0
        self.die: Callable[[float], None] = lambda seconds: None
        """These two are set by the server that has the sockets."""
        self.changed: Callable[[], None] = lambda: None
        self.last_number = 0

    def number(self) -> int:
        """The next number of this server; each server counts from one, so ids repeat elsewhere."""
        with self.lock:
            self.last_number += 1
            return self.last_number

    def uid(self, login: str) -> str:
        return login if "@" in login else f"{login}@{self.name}"

    def add_user(
        self, login: str, *, name: str = "", password: str = "", is_admin: bool = False
    ) -> User:
        """A person; the password is `<login>-password` unless given."""
        uid = self.uid(login)
        login = uid.partition("@")[0]
        user = User(
            login=login,
            uid=uid,
            display_name=name or login.replace("_", " ").title(),
            password=password or f"{login}-password",
            email=f"{login}@example.org",
            is_admin=is_admin,
        )
        with self.lock:
            self.users[login] = user
        return user

    def user_of(self, who: str) -> User | None:
        """By login or uid."""
        login, _, host = who.partition("@")
        return self.users.get(login) if host in ("", self.name) else None

    def session(self, session_id: str) -> tuple[Meeting, Session] | None:
        """Of whichever meeting it is."""
        for meeting in self.meetings.values():
            for session in meeting.sessions:
                if session.id == session_id:
                    return meeting, session
        return None

    def expire_tokens(self) -> None:
        """All access tokens end now; refresh tokens stay good."""
        with self.lock:
            for token in self.tokens.values():
                token.ends_at = 0

    def revoke_tokens(self, who: str | None = None) -> None:
        """Access and refresh tokens of a person, or of everybody, are good for nothing."""
        with self.lock:
            user = self.user_of(who) if who else None
            for table in (self.tokens, self.refreshes):
                for key in [k for k, token in table.items() if who is None or token.user == user]:
                    del table[key]

    def expire_bot_tokens(self) -> None:
        """Tokens of bots that were used until now are over."""
        with self.lock:
            self.ended_bot_tokens |= self.bot_tokens


def moments_later(start: datetime, seconds: float) -> datetime:
    return start + timedelta(seconds=seconds)
