"""The event stream keeps the wall as well: long poll, SSE and WebSocket, by real sockets."""

import json
from collections.abc import Iterator

import pytest
import requests
from django.db import connections
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from accounts import tokens
from accounts.choices import Role, TokenKind
from accounts.models import Token, User
from common.sql import ask
from notifications.tests.conftest import Server, happen
from recordings import services
from recordings.models import Recording
from recordings.tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
POLL = "events/?since=0"
STREAM = "events/stream?since=0"


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def recording() -> Recording:
    made = factories.recording(factories.user("olga"))
    happen(str(made.pk), "summary.ready", secret="wolfram")
    return made


def token(user: User | None, kind: str = TokenKind.API) -> str:
    return tokens.make(user, kind, "wall")[1]


def outsiders(recording: Recording) -> dict[str, str]:
    gone, late = factories.user("gone"), factories.user("late")
    for user in (gone, late):
        services.grant(recording, by=recording.owner, rights=["view"], to=user)
    ask("UPDATE recordings_access SET expires_at = now() WHERE user_id = %(u)s", u=late.pk)
    found = {
        "stranger": token(factories.user("stranger")),
        "guest": token(factories.user("gast", role=Role.GUEST)),
        "access is over": token(late),
        "engine": token(None, TokenKind.ENGINE),
        "deactivated": token(gone),
        "refresh token": token(recording.owner, TokenKind.REFRESH),
        "nonsense": "sai_p_" + "x" * 43,
    }
    User.objects.filter(pk=gone.pk).update(is_active=False)
    return found


def polled(server: Server, path: str, bearer: str) -> str:
    where = server.http.removesuffix("events/") + path
    with requests.get(
        where, headers={"Authorization": f"Bearer {bearer}"}, stream=True, timeout=3
    ) as answer:
        if "stream" not in path or answer.status_code != 200:
            return answer.text
        text = b""
        try:
            for piece in answer.iter_content(None):
                text += piece
                if b"wolfram" in text:
                    break
        except requests.exceptions.ConnectionError:  # nothing more came in time
            pass
        return text.decode()


def heard(server: Server, bearer: str, topic: str) -> str:
    said = ""
    with connect(server.socket) as ws:
        ws.send(json.dumps({"op": "auth", "token": bearer}))
        ws.send(json.dumps({"op": "subscribe", "topics": [topic], "since": 0}))
        try:
            while "wolfram" not in said:
                said += str(ws.recv(timeout=0.5))
        except TimeoutError:
            pass
        except ConnectionClosed as closed:
            said += f" closed {closed.rcvd.code if closed.rcvd else 0}"
    return said


def test_nobody_outside_hears_of_it(server: Server, recording: Recording) -> None:
    topic = f"recording:{recording.pk}"
    owner = token(recording.owner)
    assert "wolfram" in polled(server, POLL, owner)
    assert "wolfram" in polled(server, f"{STREAM}&topics={topic}", owner)
    assert "wolfram" in heard(server, owner, topic)

    for who, bearer in outsiders(recording).items():
        told = [polled(server, f"{POLL}&topics={topic}", bearer), polled(server, POLL, bearer)]
        told += [polled(server, f"{STREAM}&topics={topic}", bearer)]
        told += [heard(server, bearer, "me")]
        for text in told:
            assert "wolfram" not in text, who
            assert str(recording.pk) not in text, who
        refused = heard(server, bearer, topic)
        assert "closed 440" in refused, who
        assert "snapshot" not in refused, who


def test_a_stream_ends_with_its_token(
    server: Server, recording: Recording, settings: pytest.FixtureRequest
) -> None:
    settings.EVENTS = {"recheck_seconds": 0.2, "heartbeat_seconds": 0.1}  # type: ignore[attr-defined]
    bearer = token(recording.owner)
    where = server.http.removesuffix("events/") + STREAM
    with requests.get(
        where, headers={"Authorization": f"Bearer {bearer}"}, stream=True, timeout=5
    ) as answer:
        lines = answer.iter_lines()
        assert any(b"wolfram" in line for line in lines)
        Token.objects.all().delete()
        rest = list(lines)  # it ends
    happen(str(recording.pk), "summary.ready", secret="wolfram")
    assert not any(b"wolfram" in line for line in rest)
