"""httpx2 clients whose every connection asks the guard.

with clients.client(private=True, verify=pem_text, timeout=20) as http:
    answer = http.get("https://meet.example.org/api/v4/conferences")

They follow no redirect, read no proxy from the environment, and say who they are. httpx2's own
errors (`httpx2.HTTPError`) come through, and `OutboundRefused` or `ExternalError` of the guard:
`exchange.problem` turns the former into SaiErrors.
"""

import ssl
from functools import lru_cache
from typing import Any

import httpcore2
import httpx2
from django.utils.translation import gettext as _

from common.errors import Invalid
from common.http.backends import AsyncGuardedBackend, Deadline, GuardedBackend
from common.http.guard import Guard, guard

AGENT = "SAI/1"
Verify = bool | str | ssl.SSLContext
"""True: the usual authorities; False: nobody is checked; a path of a CA bundle, or its PEM text."""
CONNECTIONS = 20


@lru_cache(maxsize=64)
def ssl_context(verify: bool | str) -> ssl.SSLContext:
    """Made once: reading all authorities takes 20 ms. Invalid: no certificates are there."""
    if isinstance(verify, bool):
        return httpx2.create_ssl_context(verify=verify, trust_env=False)
    try:
        if "-----BEGIN" in verify:
            return ssl.create_default_context(cadata=verify)
        return ssl.create_default_context(cafile=verify)
    except (OSError, ValueError):  # ssl.SSLError is one
        raise Invalid(_("The bundle of certificates can't be read."), code="ca_bundle") from None


def _pool_options(verify: Verify) -> dict[str, Any]:
    context = verify if isinstance(verify, ssl.SSLContext) else ssl_context(verify)
    return {
        "ssl_context": context,
        "max_connections": CONNECTIONS,
        "max_keepalive_connections": CONNECTIONS,
        "keepalive_expiry": 15.0,
    }


class GuardedTransport(httpx2.HTTPTransport):
    """httpx2 hands its pool no backend; so the pool is ours (a test proves that it is asked)."""

    def __init__(self, by: Guard, *, verify: Verify, deadline: Deadline | None = None) -> None:
        self._pool = httpcore2.ConnectionPool(
            network_backend=GuardedBackend(by, deadline), **_pool_options(verify)
        )


class AsyncGuardedTransport(httpx2.AsyncHTTPTransport):
    def __init__(self, by: Guard, *, verify: Verify) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            network_backend=AsyncGuardedBackend(by), **_pool_options(verify)
        )


def client(
    *,
    private: bool = False,
    verify: Verify = True,
    timeout: float = 10,
    by: Guard | None = None,
    deadline: Deadline | None = None,
    **more: Any,
) -> httpx2.Client:
    """A synchronous client. `private`: private networks are allowed; `timeout`: seconds of each
    connect, read and write; `deadline`: of everything together; `more`: base_url, headers, auth."""
    transport = GuardedTransport(by or guard(private=private), verify=verify, deadline=deadline)
    return httpx2.Client(transport=transport, **_client_options(timeout, more))


def async_client(
    *,
    private: bool = False,
    verify: Verify = True,
    timeout: float = 10,
    by: Guard | None = None,
    **more: Any,
) -> httpx2.AsyncClient:
    """The same for an event loop."""
    transport = AsyncGuardedTransport(by or guard(private=private), verify=verify)
    return httpx2.AsyncClient(transport=transport, **_client_options(timeout, more))


def _client_options(timeout: float, more: dict[str, Any]) -> dict[str, Any]:
    return {
        **more,
        "headers": {"User-Agent": AGENT, **more.get("headers", {})},
        "timeout": timeout,
        "follow_redirects": False,
        "trust_env": False,
    }
