"""The token of a bot's account: a JWT for the chat socket (TrueConf's public bot library).

By password at the bridge; where the server has that switched off, in three steps through v4: the
account's access token, a code for it, the bot's token for the code.
"""

from typing import Any, Final

from django.utils.translation import gettext as _

from conferences.models import Connection
from conferences.platforms.base import CredentialsRejected, PlatformError
from conferences.platforms.trueconf import reading, refusals, tokens
from conferences.platforms.trueconf.transport import Transport

_BRIDGE: Final = "/bridge/api/client/v1"
PASSWORD: Final = f"{_BRIDGE}/oauth/token"
CODE: Final = f"{_BRIDGE}/auth/web_rest_api_token"
BY_CODE: Final = f"{_BRIDGE}/auth/token"
CLIENT: Final = "chat_bot"


def bot_token(connection: Connection, transport: Transport) -> str:
    """A new one each time. Raises CredentialsRejected, PlatformError."""
    account = {
        "username": connection.chat_bot_user,
        "password": connection.chat_bot_password,
        "grant_type": "password",
    }
    reply = transport.ask("POST", PASSWORD, json={"client_id": CLIENT, **account})
    if reply.status in (200, 201):
        return _word(reply.body, "access_token")
    refusal = refusals.read(reply.status, reply.headers, reply.body)
    if refusal.reason == "auth_method_disabled" or reply.status in (404, 405):
        return _in_three_steps(connection, transport, account)
    raise _refused(refusal)


def _in_three_steps(connection: Connection, transport: Transport, account: dict[str, str]) -> str:
    found = tokens.ask_for_token(transport, connection, tokens.V4, **account)
    given = {"client_id": connection.chat_bot_user, "token": found["access_token"]}
    code = _ask(transport, CODE, given, "authorization_code")
    return _ask(
        transport,
        BY_CODE,
        {"client_id": CLIENT, "grant_type": "authorization_code", "code": code},
        "access_token",
    )


def _ask(transport: Transport, path: str, given: dict[str, str], word: str) -> str:
    reply = transport.ask("POST", path, json=given)
    if reply.status in (200, 201):
        return _word(reply.body, word)
    raise _refused(refusals.read(reply.status, reply.headers, reply.body))


def _word(body: bytes, name: str) -> str:
    found: Any = reading.parse(body)
    value = found.get(name) if isinstance(found, dict) else None
    if isinstance(value, str) and value and value.isascii() and value.isprintable():
        return value
    raise PlatformError(
        _("The server's answer is no token."), code="platform_not_json", retryable=True
    )


def _refused(refusal: refusals.Refusal) -> PlatformError:
    if refusal.status in (400, 401, 403) and not refusal.excerpt:
        return CredentialsRejected(
            _("The server rejects the chat bot's account: %(reason)s.")
            % {"reason": refusal.reason or refusal.status},
            code="chat_credentials",
            next_action=_("Check the chat bot's user and password in the connection."),
            details=refusals.details_of(refusal),
        )
    return refusals.error_of(refusal)
