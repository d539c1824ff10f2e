"""The fake TCS's chat bot: tokens, the socket, its limits and its faults."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from conferences.fake_tcs.server import FakeServer
from conferences.tests.tcs_client import grant

BOT = "transcription_bot"


@pytest.fixture
def tcs() -> Iterator[FakeServer]:
    with FakeServer() as server:
        server.add_user("boris")
        yield server


def _sign_in(tcs: FakeServer, **fields: str) -> httpx2.Response:
    asked = {"client_id": "chat_bot", "grant_type": "password", "username": BOT}
    url = f"{tcs.url}/bridge/api/client/v1/oauth/token"
    return httpx2.post(url, json={**asked, "password": f"{BOT}-password", **fields})


class Bot:
    """A bot on its socket."""

    def __init__(self, tcs: FakeServer, token: str = "") -> None:
        url = tcs.url.replace("http", "ws", 1) + "/websocket/chat_bot"
        self.socket: ClientConnection = connect(url, subprotocols=["json.v1"])  # type: ignore[list-item]
        self.number = 0
        self.pushed: list[dict[str, Any]] = []
        if token:
            self.user_id = self.call("auth", token=token, tokenType="JWT")["userId"]

    def call(self, method: str, **payload: Any) -> dict[str, Any]:
        self.number += 1
        frame = {"type": 1, "id": self.number, "method": method, "payload": payload}
        self.socket.send(json.dumps(frame))
        while True:
            found = json.loads(self.socket.recv(timeout=3))
            if found["type"] == 2:
                assert found["id"] == self.number
                return found["payload"]
            self.pushed.append(found)
            self.socket.send(json.dumps({"type": 2, "id": found["id"]}))

    def write(self, chat: str, text: str, mode: str = "text") -> dict[str, Any]:
        return self.call("sendMessage", chatId=chat, content={"text": text, "parseMode": mode})


@pytest.fixture
def bot(tcs: FakeServer) -> Iterator[Bot]:
    one = Bot(tcs, _sign_in(tcs).json()["access_token"])
    yield one
    one.socket.close()


def test_a_bot_signs_in_with_a_password(tcs: FakeServer) -> None:
    given = _sign_in(tcs).json()
    assert given["token_type"] == "JWT"
    assert given["expires_in"] > time.time() * 1000
    wrong = _sign_in(tcs, password="no")
    assert wrong.status_code == 401
    assert wrong.json()["error_description"]
    assert _sign_in(tcs, client_id="other").status_code == 400
    tcs.state.bot_passwords = False
    off = _sign_in(tcs)
    assert (off.status_code, off.json()) == (403, {"error": "auth_method_disabled"})


def test_a_bot_signs_in_through_v4_in_three_steps(tcs: FakeServer) -> None:
    first = grant(tcs, grant_type="password", username=BOT, password=f"{BOT}-password").json()
    bridge = f"{tcs.url}/bridge/api/client/v1/auth"
    asked = {"client_id": BOT, "token": first["access_token"]}
    code = httpx2.post(f"{bridge}/web_rest_api_token", json=asked).json()["authorization_code"]
    last = {"client_id": "user", "grant_type": "authorization_code", "code": code}
    token = httpx2.post(f"{bridge}/token", json=last).json()["access_token"]
    assert Bot(tcs, token).user_id == f"{BOT}@tcs.example"
    assert httpx2.post(f"{bridge}/token", json=last).status_code == 401


def test_a_message_reaches_a_person(tcs: FakeServer, bot: Bot) -> None:
    assert bot.socket.subprotocol == "json.v1"
    chat = bot.call("createP2PChat", userId="boris@tcs.example")["chatId"]
    sent = bot.write(chat, "The transcript is ready", "markdown")
    assert sent["chatId"] == chat
    message = tcs.messages[0]
    assert (message.id, message.recipient) == (sent["messageId"], "boris@tcs.example")
    assert (message.text, message.parse_mode) == ("The transcript is ready", "markdown")
    assert sent["timestamp"] == int(message.at.timestamp() * 1000)
    assert bot.call("createP2PChat", userId="boris@tcs.example")["chatId"] == chat
    pushed = bot.pushed[0]
    assert pushed["method"] == "sendMessage", "the server echoes, with its own numbers"
    assert pushed["payload"]["author"] == {"id": f"{BOT}@tcs.example", "type": 1}
    assert pushed["payload"]["messageId"] == sent["messageId"]
    assert tcs.requests[-1].method == "WEBSOCKET"


def test_what_a_bot_may_not_do_has_a_code(tcs: FakeServer, bot: Bot) -> None:
    stranger = Bot(tcs)
    assert stranger.call("createP2PChat", userId="boris")["errorCode"] == 200
    assert stranger.call("auth", token="a.b.c", tokenType="JWT")["errorCode"] == 201
    assert stranger.call("auth", token="a.b.c", tokenType="OAuth")["errorCode"] == 204
    assert bot.call("createP2PChat", userId="nobody")["errorCode"] == 302
    assert bot.write("no-chat", "hello")["errorCode"] == 304
    assert bot.call("fly")["errorCode"] == 104
    assert not tcs.messages


def test_a_message_has_at_most_4096_visible_characters(tcs: FakeServer, bot: Bot) -> None:
    chat = bot.call("createP2PChat", userId="boris")["chatId"]
    assert bot.write(chat, "й" * 4097)["errorCode"] == 307
    assert not tcs.messages
    assert "messageId" in bot.write(chat, "й" * 4096)
    assert "messageId" in bot.write(chat, f"<b>{'й' * 4096}</b>", "html")


def test_a_token_ends_in_the_middle(tcs: FakeServer, bot: Bot) -> None:
    chat = bot.call("createP2PChat", userId="boris")["chatId"]
    tcs.state.expire_bot_tokens()
    assert bot.write(chat, "hello")["errorCode"] == 203
    assert not tcs.messages
    new = Bot(tcs, _sign_in(tcs).json()["access_token"])
    assert "messageId" in new.write(chat, "hello")
    tcs.state.bot_token_seconds = -1
    late = Bot(tcs).call("auth", token=_sign_in(tcs).json()["access_token"], tokenType="JWT")
    assert late["errorCode"] == 203


def test_sockets_are_dropped(tcs: FakeServer, bot: Bot) -> None:
    assert tcs.drop_chats() == 1
    with pytest.raises((ConnectionClosed, ConnectionError)):
        bot.call("createP2PChat", userId="boris")
    again = Bot(tcs, _sign_in(tcs).json()["access_token"])
    chat = again.call("createP2PChat", userId="boris")["chatId"]
    tcs.faults.add("chat_drop", path="sendMessage", times=1)
    with pytest.raises(ConnectionClosed):
        again.write(chat, "lost")
    assert not tcs.messages
    tcs.faults.add("chat_drop", path="sendMessage", times=1, delivered=True)
    third = Bot(tcs, _sign_in(tcs).json()["access_token"])
    with pytest.raises(ConnectionClosed):
        third.write(chat, "delivered")
    assert [message.text for message in tcs.messages] == ["delivered"]


def test_frames_are_refused_or_not_answered(tcs: FakeServer, bot: Bot) -> None:
    chat = bot.call("createP2PChat", userId="boris")["chatId"]
    tcs.faults.add("chat_error", path="sendMessage", code=301, times=1)
    assert bot.write(chat, "hello")["errorCode"] == 301
    tcs.faults.add("chat_silent", path="sendMessage", times=1)
    bot.socket.send('{"type": 1, "id": 77, "method": "sendMessage", "payload": {}}')
    with pytest.raises(TimeoutError):
        bot.socket.recv(timeout=0.2)
    assert "messageId" in bot.write(chat, "hello")


def test_another_socket_does_not_exist(tcs: FakeServer) -> None:
    with pytest.raises(Exception, match="403"):
        connect(tcs.url.replace("http", "ws", 1) + "/websocket/other")
