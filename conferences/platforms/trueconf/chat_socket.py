"""One socket of TrueConf's chat bots, `/websocket/chat_bot`: frames and their answers.

A frame is `{"type": 1, "id", "method", "payload"}`, its answer `{"type": 2, "id", "payload"}`; a
payload with `errorCode` is a refusal. The server sends frames of its own, to be answered with
type 2. (TrueConf's public bot library.)
"""

import json
import socket
import time
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from websockets.exceptions import WebSocketException
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from common.errors import ExternalError, Invalid
from common.http.clients import AGENT, ssl_context
from common.http.guard import guard
from conferences.models import Connection
from conferences.platforms.base import PlatformError
from conferences.platforms.trueconf.transport import base_of

PATH: Final = "/websocket/chat_bot"
PATIENCE_S: Final = 10.0
"""Of connecting, and of each answer."""
LARGEST_FRAME: Final = 4 << 20
REQUEST, ANSWER = 1, 2
EXPIRED: Final = 203
CHAT_NOT_FOUND: Final = 304
_NETWORK: Final = range(100, 200)
_SIGNING_IN: Final = range(200, 300)


class ChatRefused(PlatformError):
    """An error code of the chat: 100-104 network, 200-204 signing in, 300-312 chats."""

    code = "chat_refused"

    def __init__(self, number: int) -> None:
        super().__init__(
            _("The server's chat refused: error %(number)s.") % {"number": number},
            # Whoever may not sign in can be let in again; a person without chat stays without.
            retryable=number in _NETWORK or number in _SIGNING_IN,
            details={"status": number},
        )
        self.number = number


class ChatLost(PlatformError):
    """The socket closed or fell silent: what was asked last may have been done or not."""

    code = "chat_lost"


class ChatSocket:
    """For one thread at a time. Raises PlatformError where it can't be opened; close it."""

    def __init__(self, connection: Connection) -> None:
        self._number = 0
        try:
            self._socket = _opened(connection)
        except (OSError, ValueError, WebSocketException, ExternalError, Invalid) as error:
            raise _away(error) from error  # ValueError: the server redirects, we don't follow

    @property
    def is_open(self) -> bool:
        return self._socket.state is State.OPEN

    def ask(self, method: str, **payload: Any) -> dict[str, Any]:
        """The payload of the answer. Raises ChatRefused, and ChatLost where none comes."""
        self._number += 1
        frame = {"type": REQUEST, "id": self._number, "method": method, "payload": payload}
        try:
            self._socket.send(json.dumps(frame))
            answer = self._answer_to(self._number)
        except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
            self.close()
            raise ChatLost(_("The server's chat does not answer."), retryable=True) from error
        if "errorCode" in answer:
            raise ChatRefused(_number(answer["errorCode"]))
        return answer

    def close(self) -> None:
        self._socket.close()

    def _answer_to(self, number: int) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_S
        while True:
            frame = _parsed(self._socket.recv(timeout=max(0.0, end - time.monotonic())))
            if frame.get("type") == REQUEST:
                self._socket.send(json.dumps({"type": ANSWER, "id": frame.get("id")}))
            elif frame.get("id") == number:
                payload = frame.get("payload")
                return payload if isinstance(payload, dict) else {}


def _opened(connection: Connection) -> ClientConnection:
    """To an address that the guard has judged, as HTTP requests go."""
    parts = urlsplit(base_of(connection.url))
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    tls: dict[str, Any] = {}
    if secure:
        verify = (connection.ca_bundle or True) if connection.verify_tls else False
        tls = {"ssl": ssl_context(verify), "server_hostname": host}
    plain = _connected(guard(private=True).addresses(host, port), port)
    try:
        return connect(
            f"{'wss' if secure else 'ws'}://{parts.netloc}{PATH}",
            sock=plain,
            subprotocols=[Subprotocol("json.v1")],
            compression=None,
            user_agent_header=AGENT,
            open_timeout=PATIENCE_S,
            close_timeout=1.0,
            max_size=LARGEST_FRAME,
            proxy=None,
            legacy=True,  # a connection, not something that reconnects by itself
            **tls,
        )
    except BaseException:
        plain.close()
        raise


def _connected(addresses: list[str], port: int) -> socket.socket:
    """The first that takes us; the last failure is the answer."""
    failure: OSError | None = None
    for address in addresses:
        try:
            found = socket.create_connection((address, port), timeout=PATIENCE_S / len(addresses))
            found.settimeout(None)  # from here on websockets keeps the time
            return found
        except OSError as error:
            failure = error
    raise failure or OSError("no address")


def _parsed(text: str | bytes) -> dict[str, Any]:
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _away(error: Exception) -> PlatformError:
    if isinstance(error, Invalid):
        return PlatformError(error.message, code=error.code, next_action=error.next_action)
    return PlatformError(
        _("The server's chat can't be reached."),
        code="chat_away",
        retryable=True,
        next_action=_("Check that the server answers at /websocket/chat_bot."),
    )
