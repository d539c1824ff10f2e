"""Questions with our token: one refresh and one retry, then the credentials are rejected."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx2
from django.utils.translation import gettext as _

from conferences.models import Connection
from conferences.platforms.base import CredentialsRejected, PlatformError
from conferences.platforms.trueconf import reading, refusals
from conferences.platforms.trueconf.tokens import Tokens
from conferences.platforms.trueconf.transport import Reply, Transport, reaching


class Client:
    """One server, asked as the connection. For one thread; close it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.transport = Transport(connection)
        self.tokens = Tokens(connection, self.transport)

    def close(self) -> None:
        self.transport.close()

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        query: Mapping[str, Any] | None = None,
        json: Any = None,
    ) -> dict[str, Any]:
        """The JSON object that came. Raises PlatformError, NotThere, RouteMissing,
        CredentialsRejected."""
        token = self.tokens.current()
        reply = self.transport.ask(method, path, token=token, query=query, json=json)
        if _refuses_token(reply):
            token = self.tokens.renewed(token)
            reply = self.transport.ask(method, path, token=token, query=query, json=json)
        if _refuses_token(reply):
            raise rejected(refusal_of(reply))
        return object_of(reply)

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx2.Response]:
        """A body to be read as it comes; 200, 206 and 416 are answers, all else is raised.

        What another host than the server says of tokens is none of ours: it got none.
        """
        own = self.transport.is_own(url)
        with ExitStack() as stack:
            token = self.tokens.current() if own else ""
            answer = stack.enter_context(self.transport.stream(url, token=token, headers=headers))
            if (refusal := _refusal_of_stream(answer)) and refusal.is_token and own:
                stack.close()
                token = self.tokens.renewed(token)
                answer = stack.enter_context(
                    self.transport.stream(url, token=token, headers=headers)
                )
                if (refusal := _refusal_of_stream(answer)) and refusal.is_token:
                    raise rejected(refusal)
            if refusal is not None:
                raise refusals.error_of(refusal)
            yield answer


def refusal_of(reply: Reply) -> refusals.Refusal:
    return refusals.read(reply.status, reply.headers, reply.body)


def _refuses_token(reply: Reply) -> bool:
    return reply.status in (401, 403) and refusal_of(reply).is_token


def object_of(reply: Reply) -> dict[str, Any]:
    """The JSON object of a success; everything else is raised."""
    if not 200 <= reply.status < 300:
        raise refusals.error_of(refusal_of(reply))
    found = reading.parse(reply.body) if reply.body.strip() else {}
    if not isinstance(found, dict):
        raise not_the_server(reply.status, reply.body)
    return found


def not_the_server(status: int, body: bytes) -> PlatformError:
    """A page where the API should be: a proxy's notice or a sign-in wall. It may pass."""
    return PlatformError(
        _("Something else answered in the server's place."),
        code="platform_not_json",
        retryable=True,
        next_action=_("Look at what the proxy said, in the connection's error."),
        details={"status": status, "excerpt": refusals.excerpt_of(body)},
    )


def rejected(refusal: refusals.Refusal) -> CredentialsRejected:
    return CredentialsRejected(
        _("The server refuses our token, also a new one."),
        next_action=_("Check the OAuth application on the server, then check the connection."),
        details=refusals.details_of(refusal),
    )


def _refusal_of_stream(answer: httpx2.Response) -> refusals.Refusal | None:
    if answer.status_code in (200, 206, 416):
        return None
    body = b""
    with reaching():
        for chunk in answer.iter_raw(8192):
            body += chunk
            if len(body) > 65_536:
                break
    return refusals.read(answer.status_code, answer.headers, body)
