"""Who stands at a door of the event stream: a token, or the session of a browser.

Synchronous; asked again every now and then while a reader stays, so that a token that is revoked
or a user who is switched off stops reading.
"""

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.authentication import bearer_text, identify, of_server
from accounts.choices import Scope
from accounts.models import User
from common.errors import NotAllowed, NotSignedIn
from notifications.stream import Watcher


class Credentials(NamedTuple):
    """What somebody showed; the token comes first."""

    token: str = ""
    session: str = ""


def credentials_of(headers: Iterable[tuple[bytes, bytes]]) -> Credentials:
    """From the headers of an ASGI scope."""
    named = {name.lower(): value.decode("latin-1") for name, value in headers}
    try:
        cookies = SimpleCookie(named.get(b"cookie", ""))
    except CookieError:
        cookies = SimpleCookie()
    session = cookies.get(settings.SESSION_COOKIE_NAME)
    bearer = bearer_text(named.get(b"authorization", "")) or ""
    return Credentials(
        token=of_server(bearer, named.get(b"x-tcs-domain", "")),
        session=session.value if session else "",
    )


def watcher_of(credentials: Credentials) -> Watcher:
    """Raises NotSignedIn when nobody is, NotAllowed when the token does not reach here."""
    user = _by_token(credentials.token) if credentials.token else _by_session(credentials.session)
    return watcher_for(user)


def watcher_for(user: User) -> Watcher:
    return Watcher(user.pk, sees_all=user.is_superuser and not user.realm)


def _by_token(text: str) -> User:
    principal = identify(text)
    if principal is None:
        raise NotSignedIn(_("This token is not known, has expired or was revoked: sign in again."))
    if principal.user is None or not principal.covers(Scope.READ):
        raise NotAllowed(_("This token may not read events."))
    return principal.user


def _by_session(key: str) -> User:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key or None)
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active:
        raise NotSignedIn(_("Sign in first, or show a token."))
    return user
