"""One server over HTTP: what is sent, what came back, and what was seen on the way.

No token lives here. Redirects are answers. Nothing of a request or an answer goes to a log.
"""

import datetime as dt
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx2
from django.utils.translation import gettext as _

from common.errors import ExternalError, Invalid
from common.http import clients, exchange
from common.http.backends import Deadline
from common.http.guard import check_url
from conferences.models import Connection
from conferences.platforms.base import PlatformError
from conferences.platforms.trueconf.certificates import expiry_of

PATIENCE_S: Final = 20.0
"""Of each connect, read and write."""
WHOLE_S: Final = 60.0
"""Of a question and its whole answer; a track's bytes have only the former, chunk by chunk."""
LARGEST_ANSWER: Final = 32 << 20


class Clock(Deadline):
    """A deadline that is set anew for each question of a kept connection."""

    def __init__(self) -> None:
        super().__init__(WHOLE_S)

    def set(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Seen:
    """What answers told beside their contents."""

    clock_skew_s: float | None = None
    certificate_expires_at: dt.datetime | None = None


def base_of(address: str) -> str:
    """`https://host[:port]` of what an administrator wrote. Raises Invalid."""
    text = address.strip()
    parts = check_url(text if "://" in text else f"https://{text}", resolve=False)
    return f"{parts.scheme}://{parts.netloc}"


def origin_of(url: str) -> tuple[str, str, int]:
    """(scheme, host, port): what must be equal before a token is sent."""
    parts = urlsplit(url)
    usual = 443 if parts.scheme == "https" else 80
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or usual


class Transport:
    """Kept connections to one server. For one thread; close it."""

    def __init__(self, connection: Connection) -> None:
        try:
            self.base = base_of(connection.url)
            verify = (connection.ca_bundle or True) if connection.verify_tls else False
            self._clock = Clock()
            # An administrator set this address: a server in the company's own network is usual.
            self._http = clients.client(
                private=True, verify=verify, timeout=PATIENCE_S, deadline=self._clock
            )
        except Invalid as error:
            raise PlatformError(
                error.message, code=error.code, next_action=error.next_action
            ) from (error)
        self.seen = Seen()

    def close(self) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> Reply:
        """Any status is a reply. Raises PlatformError where nothing (or too much) came.

        A kept connection may be closed there while we begin to ask: a GET is then asked again.
        """
        more: dict[str, Any] = {}
        if query:  # a template may hold a query of its own
            path += ("&" if "?" in path else "?") + urlencode(query)
        if json is not None:
            more["json"] = json
        if form is not None:
            more["data"] = dict(form)
        self._clock.set(WHOLE_S)
        with reaching():
            try:
                return self._reply(method, self.base + path, _bearer(token), more)
            except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
                if method != "GET":
                    raise
                return self._reply(method, self.base + path, _bearer(token), more)

    def _reply(
        self, method: str, url: str, headers: Mapping[str, str], more: dict[str, Any]
    ) -> Reply:
        with self._open(method, url, headers, more) as answer:
            return Reply(answer.status_code, answer.headers, _read(answer))

    def is_own(self, url: str) -> bool:
        """Whether the address is the server's own, and may be told our token."""
        return origin_of(url) == origin_of(self.base)

    @contextmanager
    def stream(
        self, url: str, *, token: str = "", headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx2.Response]:
        """GET, its body unread. Another origin than the server's gets no token and is reached only
        where the guard lets everybody."""
        own = self.is_own(url)
        given = {**_bearer(token if own else ""), **(headers or {})}
        self._clock.set(float("inf"))
        with ExitStack() as stack:
            with reaching():
                if own:
                    answer = stack.enter_context(self._open("GET", url, given, {}))
                else:
                    http = stack.enter_context(clients.client(timeout=PATIENCE_S))
                    answer = stack.enter_context(http.stream("GET", url, headers=given))
            yield answer

    @contextmanager
    def _open(
        self, method: str, url: str, headers: Mapping[str, str], more: dict[str, Any]
    ) -> Iterator[httpx2.Response]:
        given = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        asked = time.time()
        with self._http.stream(method, url, headers=given, **more) as answer:
            self._look(answer, (asked + time.time()) / 2)
            yield answer

    def _look(self, answer: httpx2.Response, middle: float) -> None:
        """The Date header has whole seconds, cut off: half a second is added."""
        try:
            theirs = parsedate_to_datetime(answer.headers["date"]).timestamp() + 0.5
            self.seen.clock_skew_s = round(theirs - middle, 1)
        except (KeyError, ValueError):
            pass
        if self.seen.certificate_expires_at is None:
            self.seen.certificate_expires_at = _certificate_end(answer)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _certificate_end(answer: httpx2.Response) -> dt.datetime | None:
    """From the socket itself: also where the certificate was not verified."""
    stream = answer.extensions.get("network_stream")
    socket = stream.get_extra_info("ssl_object") if stream is not None else None
    return expiry_of(socket.getpeercert(True)) if socket is not None else None


def _read(answer: httpx2.Response) -> bytes:
    body = bytearray()
    for chunk in answer.iter_raw():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise PlatformError(_("The server's answer is too large."), code="platform_too_large")
    return bytes(body)


def _advice(code: str) -> str:
    if code not in ("outbound_unreachable", "outbound_timeout"):
        return ""
    return _("Check the address and its port, that the server runs, and what lies between us.")


@contextmanager
def reaching() -> Iterator[None]:
    """What a network does to us, as a PlatformError: all of it may pass, a refused address not."""
    try:
        yield
    except httpx2.InvalidURL as error:
        raise PlatformError(_("The server gave an address that can't be used.")) from error
    except httpx2.HTTPError as error:
        found = exchange.problem(error)
        raise PlatformError(
            found.message, code=found.code, retryable=True, next_action=_advice(found.code)
        ) from error
    except ExternalError as error:
        raise PlatformError(
            error.message,
            code=error.code,
            retryable=error.retryable,
            next_action=error.next_action,
        ) from error
    except Invalid as error:
        raise PlatformError(error.message, code=error.code, next_action=error.next_action) from (
            error
        )
