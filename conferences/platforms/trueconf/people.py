"""People: whose token it is, and signing them in with the server's own page."""

from typing import Any, Final
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from conferences.platforms import unstated
from conferences.platforms.base import (
    CredentialsRejected,
    NotThere,
    Person,
    PlatformError,
    TokenPair,
    TokenRefused,
)
from conferences.platforms.trueconf import refusals, tokens, values
from conferences.platforms.trueconf.client import Client, object_of, refusal_of
from conferences.platforms.trueconf.refusals import RouteMissing

ME: Final = "/api/v4/me"
SERVERS_AI: Final = "/api/v4/servers-ai"
LONGEST_TOKEN: Final = 4096


def verify(client: Client, token: str) -> Person:
    """Asked with that very token and never with ours. Raises TokenRefused, PlatformError."""
    if not _may_be_sent(token) or client.tokens.is_ours(token):
        raise _refused()
    reply = client.transport.ask("GET", ME, token=token)
    if reply.status in (401, 403) and not refusal_of(reply).excerpt:
        raise _refused()
    try:
        answer = object_of(reply)
    except (NotThere, RouteMissing) as error:
        raise PlatformError(
            _("This server can't tell whose token it is: it is older than version 5.5.3."),
            code="platform_unsupported",
            details=error.details,
        ) from error
    return _person(client, answer, token)


def _person(client: Client, answer: dict[str, Any], token: str) -> Person:
    row = answer.get("user")
    row = row if isinstance(row, dict) else answer
    read = unstated.reader("me", client.connection.fields or {})
    call_id = next(
        (found for name in ("call_id", "uid", "id") if (found := values.id_of(read(row, name)))),
        "",
    )
    if not call_id:  # a token that stands for nobody
        raise _refused()
    return Person(
        call_id=call_id,
        display_name=values.text(read(row, "display_name"), 200),
        email=values.text(read(row, "email"), 254),
        is_administrator=_is_administrator(client, token),
    )


def _is_administrator(client: Client, token: str) -> bool:
    """The list of AI servers needs the right admin/serverais: others are answered 403."""
    reply = client.transport.ask("GET", SERVERS_AI, token=token)
    if reply.status in (401, 403, 404) and not refusal_of(reply).excerpt:
        return False
    object_of(reply)
    return reply.status == 200


def _may_be_sent(token: str) -> bool:
    """What can't stand in a header is no token of the server."""
    printable = token.isascii() and token.isprintable() and " " not in token
    return bool(token) and printable and len(token) <= LONGEST_TOKEN


def _refused() -> TokenRefused:
    return TokenRefused(_("The server does not accept this token."))


def sign_in_url(client: Client, *, redirect_uri: str, state: str) -> str:
    query = {
        "client_id": client.connection.client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{client.transport.base}/oauth2/authorize?{urlencode(query)}"


def exchange_code(client: Client, code: str, *, redirect_uri: str) -> TokenPair:
    """v4 calls the code `auth_code`, v3 `code`. Raises TokenRefused, PlatformError."""
    generations = [client.tokens.generation] if client.tokens.generation else [tokens.V4, tokens.V3]
    for generation in generations:
        name = "auth_code" if generation == tokens.V4 else "code"
        try:
            found = tokens.ask_for_token(
                client.transport,
                client.connection,
                generation,
                grant_type="authorization_code",
                redirect_uri=redirect_uri,
                **{name: code},
            )
        except RouteMissing:
            continue
        except CredentialsRejected as error:
            raise TokenRefused(
                _("The server does not accept the sign-in."), details=error.details
            ) from error
        life = tokens.life_of(found.get("expires_in"))
        refresh = values.text(found.get("refresh_token"), LONGEST_TOKEN)
        return TokenPair(found["access_token"], refresh, life)
    raise refusals.RouteMissing(_("The server does not know this path."))
