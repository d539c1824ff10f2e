"""People sign in to our pages on the page of their own meeting server (authorization code).

What was begun stands in the visitor's session under a random state. A code is exchanged only for
the visitor who began, and once: some servers deliver the callback twice (TrueConf's public MCP
client says so), in turn or at the same time.
"""

import hashlib
import secrets
import time
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts import audit, limits
from accounts.choices import Action
from accounts.models import User
from common.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from conferences import tokens
from conferences.models import Connection, Identity
from conferences.platforms import registry
from conferences.platforms.base import Person, PlatformError, TokenRefused
from conferences.services import people

BEGUN: Final = "server_sign_ins"
DONE: Final = "server_sign_in_done"
WAITS: Final = "server_sign_in_waits"
BEGUN_AT_ONCE: Final = 5
SECONDS: Final = 600
"""How long somebody may stay on his server's page."""
BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


def redirect_uri(connection: Connection) -> str:
    """What the server's administrator enters as redirect address of our application."""
    return f"{settings.PUBLIC_URL}{reverse('server-sign-in-callback', args=[connection.pk])}"


def server(pk: int) -> Connection:
    """Raises NotFound for a server whose people can't sign in."""
    found = tokens.sign_in_servers().filter(pk=pk).exclude(client_id="").first()
    if found is None:
        raise NotFound(_("There is no such server to sign in with."))
    return found


def begin(request: HttpRequest, connection: Connection, *, next_url: str) -> str:
    """Where to send the visitor. Raises Unavailable."""
    state = secrets.token_urlsafe(24)
    driver = registry.get_driver(connection)
    try:
        there = driver.sign_in_url(redirect_uri=redirect_uri(connection), state=state)
    except PlatformError as error:
        raise tokens.away(connection) from error
    finally:
        driver.close()
    begun = {"connection": connection.pk, "next": safe(request, next_url), "at": time.time()}
    kept = list(request.session.get(BEGUN, {}).items())[1 - BEGUN_AT_ONCE :]
    request.session[BEGUN] = {**dict(kept), state: begun}
    return there


def complete(request: HttpRequest, connection: Connection, *, code: str, state: str) -> str | None:
    """Signs in whoever the code is of; where he goes then. A code that came before changes nothing.

    None: the server gave the state back empty, so he must confirm who he is (`waiting`, `confirm`).
    Raises Invalid for what was not begun here, NotAllowed, Unavailable.
    """
    digest = hashlib.sha256(code.encode()).hexdigest()
    done = request.session.get(DONE, {})
    if done.get("code") == digest:
        return str(done["next"])
    begun = _begun(request, connection, state)
    if not _is_first(connection, digest):
        return _after_the_other(request, begun)
    identity = people.verified(connection, _person(connection, code))
    if not identity.user.is_active:
        raise NotAllowed(_("This person is switched off here."), code="user_inactive")
    if state not in request.session.get(BEGUN, {}):
        request.session[WAITS] = {"identity": identity.pk, "code": digest, **begun}
        return None
    _let_in(request, identity, digest, begun["next"])
    return str(begun["next"])


def waiting(request: HttpRequest, connection: Connection) -> Identity | None:
    """Who is about to be signed in, once he confirms."""
    waits = request.session.get(WAITS, {})
    if waits.get("connection") != connection.pk or waits["at"] < time.time() - SECONDS:
        return None
    people_there = Identity.objects.select_related("user").filter(user__is_active=True)
    return people_there.filter(connection=connection, pk=waits["identity"]).first()


def confirm(request: HttpRequest, connection: Connection) -> str:
    """He said that it is he. Raises Invalid when there is nothing to confirm."""
    identity = waiting(request, connection)
    if identity is None:
        raise _not_begun()
    waits = request.session.pop(WAITS)
    _let_in(request, identity, waits["code"], waits["next"])
    return str(waits["next"])


def safe(request: HttpRequest, next_url: str) -> str:
    """An address of ours, or the first page."""
    ours = url_has_allowed_host_and_scheme(
        next_url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return next_url if ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def _begun(request: HttpRequest, connection: Connection, state: str) -> dict[str, Any]:
    """What this visitor began with this server; with an empty state, the last thing he began."""
    fresh = {
        key: one
        for key, one in request.session.get(BEGUN, {}).items()
        if one["connection"] == connection.pk and one["at"] > time.time() - SECONDS
    }
    if state in fresh:
        found: dict[str, Any] = fresh[state]
        return found
    if state in ("", "null") and fresh:
        return dict(list(fresh.values())[-1])
    raise _not_begun()


def _not_begun() -> Invalid:
    return Invalid(
        _("This sign-in was not begun in this browser, or too long ago."),
        code="sign_in_not_begun",
        next_action=_("Open the sign-in page and begin again. Cookies must be allowed."),
    )


def _is_first(connection: Connection, digest: str) -> bool:
    """A code is claimed by one process; its bucket does not fill while the code is good."""
    try:
        limits.take(limits.key_of("server-code", connection.pk, digest), 1, SECONDS * 2, 1)
    except TooMany:
        return False
    return True


def _after_the_other(request: HttpRequest, begun: dict[str, Any], patience: float = 5.0) -> str:
    """The same callback is being answered elsewhere: that one ends this visitor's old session."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        key = request.session.session_key
        if key is None or not request.session.exists(key):
            return str(begun["next"])
        time.sleep(0.1)
    raise Conflict(
        _("Signing in with this server was not finished."),
        code="sign_in_unfinished",
        next_action=_("Open the sign-in page and begin again. Cookies must be allowed."),
    )


def _person(connection: Connection, code: str) -> Person:
    driver = registry.get_driver(connection)
    try:
        pair = driver.exchange_code(code, redirect_uri=redirect_uri(connection))
        return driver.verify(pair.access_token)
    except TokenRefused:
        raise Invalid(
            _("The server %(host)s does not confirm this sign-in.") % {"host": connection.host},
            code="sign_in_refused",
            next_action=_("Open the sign-in page and begin again. Cookies must be allowed."),
        ) from None
    except PlatformError as error:
        raise tokens.away(connection) from error
    finally:
        driver.close()


def _let_in(request: HttpRequest, identity: Identity, digest: str, next_url: str) -> None:
    user: User = identity.user
    login(request, user, backend=BACKEND)
    request.session.pop(BEGUN, None)
    request.session[DONE] = {"code": digest, "next": next_url}
    data = {"door": "server page", "connection": identity.connection_id}
    audit.record(user, Action.SIGN_IN, "user", user.pk, request=request, data=data)
