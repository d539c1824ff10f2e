"""Events and the gateway of engines keep realms apart."""

import json
from collections.abc import Iterator

import pytest
import requests
from django.db import connections
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from accounts import tokens
from accounts.choices import TokenKind
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.services import people
from notifications.tests.conftest import Server, happen
from recordings.models import Access
from recordings.tests import factories
from tests.realms.callers import EVERY, exchanged, headers


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    running = Server()
    yield running
    running.stop()


def heard(server: Server, token: str, topic: str, *, seconds: float = 10) -> str:
    """Until something is heard; a hub whose connection was cut reads again a second later."""
    said = ""
    with connect(server.socket) as ws:
        ws.send(json.dumps({"op": "auth", "token": token}))
        ws.send(json.dumps({"op": "subscribe", "topics": [topic], "since": 0}))
        try:
            while "wolfram" not in said:
                said += str(ws.recv(timeout=seconds))
        except TimeoutError:
            pass
        except ConnectionClosed as closed:
            said += f" closed {closed.rcvd.code if closed.rcvd else 0}"
    return said


def knocked(server: Server, token: str) -> str:
    """What the gateway of engines says to it."""
    said = ""
    where = server.socket.replace("/ws/v1/events", "/ws/supervisor")
    with connect(where, additional_headers={"Authorization": f"Bearer {token}"}) as ws:
        try:
            while "welcome" not in said:
                said += str(ws.recv(timeout=5))
        except ConnectionClosed as closed:
            said += f" closed {closed.rcvd.code if closed.rcvd else 0}"
    return said


@pytest.mark.django_db(transaction=True)
def test_events_and_the_gateway_keep_realms_apart(
    server: Server, fakes: dict[str, FakeServer], servers: dict[str, Connection]
) -> None:
    a, b = servers["a"], servers["b"]
    anna, other = (people.person_of(one, f"anna@{one.name}.example") for one in (a, b))
    mine = factories.recording(anna, realm=a.realm)
    theirs = factories.recording(other, realm=b.realm)
    Access.objects.create(recording=theirs, user=anna, rights=EVERY)
    happen(str(theirs.pk), "summary.ready", secret="wolfram theirs")
    happen(str(mine.pk), "summary.ready", secret="wolfram mine")
    direct = fakes["a"].token_for("anna")
    kinds = {
        "in one text": f"tcs:{a.host}/{direct}",
        "exchanged": exchanged(fakes["a"], "anna")["access_token"],
        "API token": tokens.make(anna, TokenKind.API, "x")[1],
    }
    for who, token in kinds.items():
        assert "wolfram mine" in heard(server, token, "me"), who
        assert "theirs" not in heard(server, token, "me"), who
        said = heard(server, token, f"recording:{theirs.pk}", seconds=1)
        assert "wolfram" not in said, who
        polled = requests.get(f"{server.http}?since=0", headers=headers(token), timeout=5)
        assert "wolfram mine" in polled.text, who
        assert "theirs" not in polled.text, who
        assert "closed 440" in knocked(server, token), who
    by_header = headers(direct, a.host)
    polled = requests.get(f"{server.http}?since=0", headers=by_header, timeout=5)
    assert "wolfram mine" in polled.text
    assert "theirs" not in polled.text
