"""What every meeting server can be asked, and the values it answers with."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from common.errors import SaiError


class PlatformError(SaiError):
    """A server could not be asked, or answered what can't be used. `retryable` decides.

    `details` may hold `trace_id`, `status` (HTTP) and `excerpt` (at most 500 characters of what
    a proxy answered instead), for the administrator.
    """

    code = "platform_error"
    status = 502

    def __init__(
        self,
        message: str,
        *,
        retryable: bool = False,
        retry_after_s: float | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(message, **rest)
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        """What the server asked us to wait, at most an hour; None: it does not say."""


class CredentialsRejected(PlatformError):
    """The server refused our own credentials, also after one refresh. Polling stops."""

    code = "credentials_rejected"


class TokenRefused(PlatformError):
    """The server says that a person's token is not good."""

    code = "token_refused"
    status = 401


class NotThere(PlatformError):
    """The server does not have it (any more)."""

    code = "not_on_server"
    status = 404


@dataclass(frozen=True, slots=True)
class Health:
    """What a server said when it was asked how it is."""

    granted_scopes: tuple[str, ...] = ()
    missing_scopes: tuple[str, ...] = ()
    clock_skew_s: float | None = None
    certificate_expires_at: dt.datetime | None = None
    generation: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class RemoteSession:
    """One time the conference was held. Times are aware."""

    id: str
    started_at: dt.datetime | None = None
    stopped_at: dt.datetime | None = None
    """None: it goes on."""


@dataclass(frozen=True, slots=True)
class RemoteConference:
    id: str
    topic: str
    owner: str
    """login@server."""
    is_running: bool
    auto_recognition: bool | None = None
    """None: it does not say."""
    recognition_language: str = ""
    created_at: dt.datetime | None = None
    tags: tuple[str, ...] = ()
    session_id: str = ""
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemoteParticipant:
    call_id: str
    display_name: str = ""
    role: str = "participant"
    """A `conferences.choices.ConferenceRole`."""
    joined_at: dt.datetime | None = None
    left_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class RemoteTrackInfo:
    id: str
    call_id: str = ""
    display_name: str = ""
    size: int | None = None
    sha256: str = ""
    started_at: dt.datetime | None = None
    stopped_at: dt.datetime | None = None
    download_url: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a track as they come."""

    start: int
    """Where they begin: what was asked for, or 0 when the server begins anew."""
    size: int | None
    """Of the whole file, if the server says."""
    etag: str
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Person:
    """Whose token it is, as the server says."""

    call_id: str
    display_name: str = ""
    email: str = ""
    is_administrator: bool = False


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What signing in a person gave."""

    access_token: str
    refresh_token: str = ""
    expires_in_s: float | None = None


class Driver(Protocol):
    """One server of one connection. Made per use, closed after it; every call may raise a
    PlatformError, whose `retryable` is decided here and nowhere else."""

    def check(self) -> Health:
        """Signs in anew and looks around; raises CredentialsRejected. Costs the server a token:
        for new settings, a person's wish and now and then, not for every look."""

    def conferences(
        self, *, changed_since: dt.datetime | None = None
    ) -> Iterator[RemoteConference]:
        """Those that may have changed since, page by page; one may come twice.

        What a server does not say itself is told by `RemoteConference.seen` as it was stored: so
        store it only when everything else of that conference was looked at.
        """

    def sessions(self, conference: RemoteConference) -> Sequence[RemoteSession]: ...

    def participants(
        self, conference_id: str, *, session_id: str = ""
    ) -> Sequence[RemoteParticipant]: ...

    def tracks(self, conference_id: str, *, session_id: str) -> Sequence[RemoteTrackInfo]: ...

    def open_track(
        self,
        conference_id: str,
        *,
        session_id: str,
        track: RemoteTrackInfo,
        start: int = 0,
        etag: str = "",
    ) -> AbstractContextManager[Part]:
        """Its bytes from `start` on (Range with If-Range); NotThere when it is gone."""

    def tell(self, conference_id: str, *, call_ids: Sequence[str], message: str) -> None:
        """The server's own notice to these people (empty: all invited)."""

    def verify(self, token: str) -> Person:
        """Whose token it is; TokenRefused when the server does not accept it."""

    def sign_in_url(self, *, redirect_uri: str, state: str) -> str:
        """Where a person signs in with the server's own page."""

    def exchange_code(self, code: str, *, redirect_uri: str) -> TokenPair:
        """The code that the sign-in page gave; a code that came twice is the caller's matter."""

    def close(self) -> None: ...
