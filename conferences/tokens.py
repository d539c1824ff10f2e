"""Tokens of meeting servers: shown to us as they are, or exchanged for a pair of ours.

Whether one is good only its own server knows. It is asked each time, save for what it said within
the last minute; that stands in PostgreSQL, as the digest of token and server together, for all
processes at once. A token is tried at one server and at no other.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import update_last_login
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit, conf, limits, services
from accounts.authentication import OURS
from accounts.choices import Action, Scope, TokenKind
from accounts.conf import Rate
from accounts.models import Token, User
from accounts.principal import Principal
from accounts.services import Session
from accounts.tokens import note_use
from common.errors import NotFound, NotSignedIn, Unavailable, Unprocessable
from conferences.choices import Platform
from conferences.models import Connection
from conferences.models.connection import host_of
from conferences.platforms import registry
from conferences.platforms.base import Person, PlatformError, TokenRefused
from conferences.services import people

GOOD_FOR: Final = timedelta(seconds=60)
SHAPE: Final = re.compile(r"[\x21-\x7e]{16,4096}")
"""Shorter texts are nobody's token, and no server is bothered with them."""
SCOPES: Final = frozenset({Scope.READ, Scope.WRITE})
"""Not `admin`: a token that lives for an hour makes none that live for years."""
NEW_TOKENS: Final = Rate(rate=10, per_seconds=1, burst=100)
"""Tokens of one server that were never seen good: whoever sends rubbish must not flood it."""
EXCHANGES: Final = Rate(rate=60, per_seconds=60, burst=120)
"""Refused exchanges and refreshes from one address: a program may stand for a whole office."""


def resolve(text: str) -> Principal | None:
    """A resolver of TOKEN_RESOLVERS: `tcs:<domain>/<token>`, or the token alone where there is only
    one server. Raises NotSignedIn with its reason, Unavailable when the server can't be asked.

    Its bearer is a person of that server, its administrators being superusers there.
    """
    if text.startswith(OURS):
        return None
    domain, token = _parts(text)
    connection = _meant(domain) if SHAPE.fullmatch(token) else None
    if connection is None:
        return None
    row = verified_row(connection, token)
    return Principal(
        user=row.user,
        kind=TokenKind.TCS,
        scopes=SCOPES,
        token_id=row.pk,
        connection=connection,
    )


def exchange(domain: str, token: str, *, request: HttpRequest) -> Session:
    """A pair of ours for a token of the server called `domain`.

    Raises NotFound for a server nobody registered, Unprocessable for what can't be a token,
    NotSignedIn, Unavailable, TooMany.
    """
    return _throttled(request, lambda: _exchange(domain, token, request))


def refresh(text: str, *, request: HttpRequest) -> Session:
    """A new pair for a refresh token that `exchange` gave; it is good once.

    The server is not asked again: its person must still be active here and the connection on.
    """
    return _throttled(
        request,
        lambda: services.refresh(
            text,
            request=request,
            lifetimes=conf.server_lifetimes(),
            still_allowed=may_go_on,
        ),
    )


def may_go_on(user: User) -> bool:
    """Whether a person of a server may stay signed in."""
    return sign_in_servers().filter(identities__user=user).exists()


def sign_in_servers() -> QuerySet[Connection]:
    """Connections whose people can prove who they are."""
    return Connection.objects.filter(enabled=True).exclude(platform=Platform.FOLDER)


def connection_named(domain: str) -> Connection:
    """The server of that host: with or without scheme, in any case, with or without its port.

    Raises NotFound, whose message keeps the words that clients of the shipping product look for.
    """
    host = host_of(domain.replace("\0", ""))
    exact = sign_in_servers().filter(host=host).first() if host else None
    if exact is not None:
        return exact
    plain = re.compile(rf"{re.escape(host)}:\d+")
    similar = [one for one in sign_in_servers() if host and plain.fullmatch(one.host)]
    if len(similar) == 1:
        return similar[0]
    raise NotFound(
        f"provider (full) with host {host[:255]} not found",  # the same in every language
        code="server_not_found",
        next_action=_("Ask the administrator of SAI under which host the server is registered."),
    )


def verified_row(connection: Connection, token: str) -> Token:
    """The row of a token that its server called good within the last minute, or says so now.

    Raises NotSignedIn (refused there, revoked here, or its person switched off) and Unavailable.
    """
    digest = digest_of(connection, token)
    fresh = Q(checked_at__gt=Now() - GOOD_FOR, expires_at=None)
    known = Token.objects.filter(kind=TokenKind.TCS, digest=digest).select_related("user")
    row = known.first()
    if row is not None and row.revoked_at is not None:
        raise NotSignedIn(_("This token was revoked here."), code="token_revoked")
    if row is None or not known.filter(fresh).exists():
        row = _ask(connection, token, digest, is_new=row is None or row.expires_at is not None)
    if row.user is None or not row.user.is_active:
        raise NotSignedIn(_("This person is switched off here."), code="user_inactive")
    note_use(row)
    return row


def digest_of(connection: Connection, token: str) -> str:
    """The same text of two servers is two tokens."""
    return hashlib.sha256(f"{connection.realm} {token}".encode()).hexdigest()


def _parts(text: str) -> tuple[str, str]:
    prefix, colon, rest = text.partition(":")
    if prefix != "tcs" or not colon:
        return "", text
    domain, _slash, token = rest.partition("/")
    return domain, token


def _meant(domain: str) -> Connection | None:
    if domain:
        try:
            return connection_named(domain)
        except NotFound as error:
            raise NotSignedIn(
                error.message, code=error.code, next_action=error.next_action
            ) from None
    servers = list(sign_in_servers()[:2])
    if len(servers) > 1:
        raise NotSignedIn(
            _("This token is not one of ours; of which server it is was not said."),
            code="server_not_named",
            next_action=_("Name the server in the header X-TCS-Domain."),
        )
    return servers[0] if servers else None


def _ask(connection: Connection, token: str, digest: str, *, is_new: bool) -> Token:
    if is_new:
        key = limits.key_of("tcs-new-token", connection.pk)
        limits.take(key, NEW_TOKENS.rate, NEW_TOKENS.per_seconds, NEW_TOKENS.burst)
    identity = people.verified(connection, _person(connection, token, digest))
    row, _made = Token.objects.update_or_create(
        digest=digest,
        defaults={
            "user": identity.user,
            "kind": TokenKind.TCS,
            "label": connection.name,
            "prefix": f"tcs_{digest[:8]}",
            "scopes": sorted(SCOPES),
            "checked_at": Now(),
            "expires_at": None,
        },
    )
    return Token.objects.select_related("user").get(pk=row.pk)


def _person(connection: Connection, token: str, digest: str) -> Person:
    driver = registry.get_driver(connection)
    try:
        return driver.verify(token)
    except TokenRefused:
        known = Token.objects.filter(kind=TokenKind.TCS, digest=digest)
        known.update(expires_at=Now(), checked_at=None)
        raise NotSignedIn(
            _("The server %(host)s does not accept this token.") % {"host": connection.host},
            code="tcs_token_refused",
            next_action=_("Sign in there again and send the new token."),
        ) from None
    except PlatformError as error:
        raise away(connection) from error
    finally:
        driver.close()


def away(connection: Connection) -> Unavailable:
    """What is said when a server can't be asked about its people."""
    return Unavailable(
        _("The server %(host)s can't be asked now.") % {"host": connection.host},
        code="server_away",
        next_action=_("Try again in a minute."),
    )


def _exchange(domain: str, token: str, request: HttpRequest) -> Session:
    connection = connection_named(domain)
    if not SHAPE.fullmatch(token):
        raise Unprocessable(_("This can't be a token of a server."), code="token_shape")
    user = verified_row(connection, token).user
    assert user is not None  # `verified_row` refuses what is nobody's
    session = services.issue(user, conf.server_lifetimes(), label=connection.name)
    data = {"door": "from-tcs", "connection": connection.pk}
    audit.record(user, Action.SIGN_IN, "user", user.pk, request=request, data=data)
    update_last_login(User, user)
    return session


def _throttled(request: HttpRequest, attempt: Callable[[], Session]) -> Session:
    """Only what is refused counts."""
    key = limits.key_of("tcs-sign-in", audit.address_of(request))
    limits.take(key, EXCHANGES.rate, EXCHANGES.per_seconds, EXCHANGES.burst)
    session = attempt()
    limits.give_back(key, EXCHANGES.burst)
    return session
