"""The chat bot: its tokens over HTTP and its socket, as TrueConf's public bot library speaks it.

Frames are `{"type": 1, "id", "method", "payload"}`, answers `{"type": 2, "id", "payload"}`, errors
a payload with `errorCode`. The server also sends frames of its own (type 1): an echo of each
message, to be acknowledged with type 2.
"""

import base64
import hashlib
import hmac
import html
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from conferences.fake_tcs.oauth import signed_in_by
from conferences.fake_tcs.state import Message, State, User
from conferences.fake_tcs.web import Answer, Request, json_answer

SUBPROTOCOL = "json.v1"
LIMIT = 4_096
"""Visible characters of a message. Which code a longer one gets is not public; here it is 307."""
ROUTE_NOT_FOUND, NOT_AUTHORISED, BAD_CREDENTIALS, EXPIRED = 104, 200, 201, 203
ACCESS_DENIED, CHAT_NOT_FOUND, UNKNOWN_MESSAGE = 302, 304, 307
PLAIN_MESSAGE = 200
TAG = re.compile(r"<[^<>]*>")
Event = MutableMapping[str, Any]


class ChatError(Exception):
    """An error code of the connector: 100-104 network, 200-204 sign-in, 300-312 chats."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def visible_length(text: str, mode: str) -> int:
    """Tags of HTML don't count."""
    return len(html.unescape(TAG.sub("", text)) if mode == "html" else text)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bot_token(state: State, user: User, seconds: float | None = None) -> str:
    """A JWT with `exp`, signed by this server."""
    life = state.bot_token_seconds if seconds is None else seconds
    number = secrets.token_hex(8)
    state.bot_tokens.add(number)
    claims = {"sub": user.uid, "exp": int(time.time() + life), "jti": number}
    head = _base64(b'{"alg":"HS256","typ":"JWT"}')
    body = f"{head}.{_base64(json.dumps(claims).encode())}"
    mark = hmac.new(state.bot_key, body.encode(), hashlib.sha256).digest()
    return f"{body}.{_base64(mark)}"


def bot_of(state: State, token: str) -> User:
    """Raises ChatError: 201 for a token that is not ours, 203 for one that is over."""
    body, _, mark = token.rpartition(".")
    right = _base64(hmac.new(state.bot_key, body.encode(), hashlib.sha256).digest())
    if not hmac.compare_digest(mark.encode(), right.encode()):
        raise ChatError(BAD_CREDENTIALS)
    padded = body.partition(".")[2] + "=="
    claims = json.loads(base64.urlsafe_b64decode(padded))
    if claims["exp"] <= time.time() or claims["jti"] in state.ended_bot_tokens:
        raise ChatError(EXPIRED)
    user = state.user_of(claims["sub"])
    if user is None or not user.is_active:
        raise ChatError(BAD_CREDENTIALS)
    return user


def _refused(status: int, error: str, text: str = "") -> Answer:
    return json_answer({"error": error, **({"error_description": text} if text else {})}, status)


def _given(state: State, user: User) -> Answer:
    """`expires_in` is a moment in milliseconds there."""
    ends = int((time.time() + state.bot_token_seconds) * 1000)
    token = bot_token(state, user)
    return json_answer({"access_token": token, "token_type": "JWT", "expires_in": ends})


def password_token(state: State, request: Request) -> Answer:
    """`POST /bridge/api/client/v1/oauth/token` with client_id `chat_bot` and a password grant."""
    fields = request.fields()
    if state.faults.take("rejected_credentials", request.path):
        return _refused(401, "invalid_grant", "Invalid user name or password.")
    if fields.get("client_id") != "chat_bot" or fields.get("grant_type") != "password":
        return _refused(400, "invalid_request", "client_id must be chat_bot, the grant password.")
    if not state.bot_passwords:
        return _refused(403, "auth_method_disabled")
    user = signed_in_by(state, str(fields.get("username", "")), str(fields.get("password", "")))
    if user is None:
        return _refused(401, "invalid_grant", "Invalid user name or password.")
    return _given(state, user)


def bridge_code(state: State, request: Request) -> Answer:
    """Second of the three steps through v4: a user's access token becomes a code."""
    fields = request.fields()
    token = state.tokens.get(str(fields.get("token", "")))
    if token is None or token.user is None or token.ends_at <= time.time():
        return _refused(401, "invalid_grant", "The access token is not valid.")
    if state.user_of(str(fields.get("client_id", ""))) != token.user:
        return _refused(401, "invalid_grant", "The token is somebody else's.")
    code = secrets.token_urlsafe(16)
    state.bridge_codes[code] = token.user
    return json_answer({"authorization_code": code, "expires_in": int(time.time() * 1000) + 60_000})


def code_token(state: State, request: Request) -> Answer:
    """Third step: the code becomes a bot's token."""
    fields = request.fields()
    user = state.bridge_codes.pop(str(fields.get("code", "")), None)
    if user is None or fields.get("grant_type") != "authorization_code":
        return _refused(401, "invalid_grant", "The code is not valid.")
    return _given(state, user)


ROUTES = {
    "/bridge/api/client/v1/oauth/token": password_token,
    "/bridge/api/client/v1/auth/web_rest_api_token": bridge_code,
    "/bridge/api/client/v1/auth/token": code_token,
}


@dataclass
class Connection:
    """One bot on one socket."""

    state: State
    token: str = ""
    frames: int = 0

    def answer(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        """The payload of the answer. Raises ChatError."""
        if method == "auth":
            return self._authenticate(payload)
        if not self.token:
            raise ChatError(NOT_AUTHORISED)
        bot = bot_of(self.state, self.token)
        if method == "createP2PChat":
            return self._create_chat(bot, payload)
        if method == "sendMessage":
            return self._send(bot, payload)
        raise ChatError(ROUTE_NOT_FOUND)

    def _authenticate(self, payload: dict[str, Any]) -> dict[str, Any]:
        if payload.get("tokenType") != "JWT":
            raise ChatError(204)
        user = bot_of(self.state, str(payload.get("token", "")))
        self.token = str(payload["token"])
        return {"userId": user.uid, "connectionId": secrets.token_hex(8)}

    def _create_chat(self, bot: User, payload: dict[str, Any]) -> dict[str, Any]:
        user = self.state.user_of(str(payload.get("userId", "")))
        if user is None:
            raise ChatError(ACCESS_DENIED)
        pair = "\n".join(sorted((bot.uid, user.uid)))
        chat = hashlib.sha256(pair.encode()).hexdigest()[:32]
        self.state.chats[chat] = (bot.uid, user.uid)
        return {"chatId": chat}

    def _send(self, bot: User, payload: dict[str, Any]) -> dict[str, Any]:
        chat = str(payload.get("chatId", ""))
        author, recipient = self.state.chats.get(chat, ("", ""))
        if author != bot.uid:
            raise ChatError(CHAT_NOT_FOUND)
        content = payload.get("content")
        found = content if isinstance(content, dict) else {}
        text, mode = found.get("text"), str(found.get("parseMode", "text"))
        if not isinstance(text, str) or not text or visible_length(text, mode) > LIMIT:
            raise ChatError(UNKNOWN_MESSAGE)
        message = Message(secrets.token_hex(16), chat, bot.uid, recipient, text, mode)
        self.state.messages.append(message)
        stamp = int(message.at.timestamp() * 1000)
        return {"chatId": chat, "messageId": message.id, "timestamp": stamp}

    def echo(self, sent: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
        """What the server tells a bot of its own message."""
        self.frames += 1
        bot, person = self.state.chats[sent["chatId"]]
        said = {
            **sent,
            "type": PLAIN_MESSAGE,
            "author": {"id": bot, "type": 1},
            "box": {"id": self.frames, "position": ""},
            "chat": {"chatId": sent["chatId"], "chatTitle": person, "chatType": 1},
            "content": {"parseMode": "text", **payload["content"]},
            "isEdited": False,
        }
        return {"type": 1, "id": self.frames, "method": "sendMessage", "payload": said}


async def serve(
    state: State,
    scope: Event,
    receive: Callable[[], Awaitable[Event]],
    send: Callable[[Event], Awaitable[None]],
) -> None:
    """The socket `/websocket/chat_bot`, until either side leaves."""
    await receive()
    offered = scope.get("subprotocols") or []
    chosen = SUBPROTOCOL if SUBPROTOCOL in offered else None
    await send({"type": "websocket.accept", "subprotocol": chosen})
    connection = Connection(state)
    while (event := await receive())["type"] != "websocket.disconnect":
        frames = _heard(connection, event.get("text") or "")
        if frames is None:
            await send({"type": "websocket.close", "code": 1011})
            return
        for frame in frames:
            await send({"type": "websocket.send", "text": json.dumps(frame)})


def _heard(connection: Connection, text: str) -> list[dict[str, Any]] | None:
    """What goes back for a frame; None: the socket is dropped."""
    try:
        frame = json.loads(text)
    except ValueError:
        return None
    if not isinstance(frame, dict) or frame.get("type") != 1:
        return []
    method, faults = str(frame.get("method", "")), connection.state.faults
    drop = faults.take("chat_drop", method)
    if drop and not drop["delivered"]:
        return None
    if faults.take("chat_silent", method):
        return []
    answers = _answers(connection, frame, method)
    return None if drop else answers


def _answers(connection: Connection, frame: dict[str, Any], method: str) -> list[dict[str, Any]]:
    """The answer, and after a message its echo."""
    state, given = connection.state, frame.get("payload")
    payload: dict[str, Any] = given if isinstance(given, dict) else {}
    answer: dict[str, Any] = {"type": 2, "id": frame.get("id")}
    try:
        if fault := state.faults.take("chat_error", method):
            raise ChatError(int(fault["code"]))
        with state.lock:
            answer["payload"] = connection.answer(method, payload)
    except ChatError as error:
        return [{**answer, "payload": {"errorCode": error.code}}]
    state.changed()
    if method == "sendMessage":
        return [answer, connection.echo(answer["payload"], payload)]
    return [answer]
