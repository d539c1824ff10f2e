"""The way TrueConf's public MCP client calls us, over real sockets: exchange, read, renew.

What it does was read in its sources; the calls and the types below are written anew.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.db import connections
from pydantic import BaseModel, ConfigDict

from common.sql import ask
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.tests import scene
from notifications.tests.conftest import Server
from recordings.models import Recording

pytestmark = pytest.mark.django_db(transaction=True)


class Loose(BaseModel):
    """What the client reads, strictly typed; what it doesn't know it passes over."""

    model_config = ConfigDict(extra="ignore", strict=True)


class Pair(Loose):
    access_token: str
    access_token_expires_at: str
    refresh_token: str
    refresh_token_expires_at: str


class Card(Loose):
    id: int
    conference_id: str
    session_id: str
    display_name: str
    duration: float
    language: str
    transcription_status_id: int
    recognition_progress: int
    finished_at: str
    access_level: str
    tcs_id: int
    status_note: str
    audio_url: str
    transcription_url: str
    created_at: str
    started_at: str


class Line(Loose):
    call_id: str
    display_name: str
    id: int
    language: str
    line: str
    start_time: float
    end_time: float
    transcription_id: int
    user_id: int


class Refused(Exception):
    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status, self.description = status, description


class VendorClient:
    """One person's calls: the pair is kept, renewed once on 401, and exchanged anew after that."""

    def __init__(self, base: str, domain: str, token: str) -> None:
        self.base, self.domain, self.token = base, domain, token
        self.pair: Pair | None = None
        self.sent: list[str] = []

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        self.pair = self.pair or self.exchange()
        try:
            return self.ask("GET", path, self.pair, params=params)
        except Refused as refused:
            if refused.status != 401:
                raise
        self.pair = self.renew(self.pair)
        return self.ask("GET", path, self.pair, params=params)

    def renew(self, pair: Pair) -> Pair:
        try:
            body = {"refresh_token": pair.refresh_token}
            return Pair.model_validate(self.ask("POST", "auth/refresh", json=body))
        except Refused:
            return self.exchange()

    def exchange(self) -> Pair:
        """Its own host first, then with https:// in front if that host was “not found”."""
        try:
            return self._exchange(self.domain)
        except Refused as refused:
            if "not found" not in refused.description:
                raise
        return self._exchange(f"https://{self.domain}")

    def _exchange(self, domain: str) -> Pair:
        body = {"domain": domain, "token": self.token}
        return Pair.model_validate(self.ask("POST", "auth/from-tcs", json=body))

    def ask(self, method: str, path: str, pair: Pair | None = None, **more: Any) -> dict[str, Any]:
        self.sent.append(f"{method} {path}")
        headers = {"Authorization": f"Bearer {pair.access_token}"} if pair else {}
        where = f"{self.base}/api/user/v1/{path}"
        answer = requests.request(method, where, headers=headers, timeout=10, **more)
        body = answer.json()
        if not answer.ok:
            raise Refused(answer.status_code, str(body["error"]["description"]))
        assert isinstance(body, dict)
        assert "error" not in body  # it would be taken for a refusal
        return body


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeServer]:
    with FakeServer(name="north.example") as server:
        server.add_user("anna", name="Anna North")
        yield server


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def north(fake: FakeServer, transactional_db: None) -> Connection:
    return scene.connect(fake)


@pytest.fixture
def budget(north: Connection, root: Path, tmp_path: Path) -> Recording:
    recording = scene.meeting(north, tmp_path)
    scene.recognised(recording)
    return recording


def client_of(server: Server, fake: FakeServer, domain: str = "") -> VendorClient:
    base = server.http.removesuffix("/api/v1/events/")
    return VendorClient(base, domain or f"127.0.0.1:{fake.port}", fake.token_for("anna"))


def test_it_reads_everything(
    server: Server, fake: FakeServer, budget: Recording, north: Connection
) -> None:
    client = client_of(server, fake)
    listed = client.get("transcriptions", page=1, page_size=10, status=8, sort_order=1)
    (card,) = (Card.model_validate(row) for row in listed["transcriptions"])
    assert isinstance(listed["page"], dict)
    assert (card.id, card.tcs_id) == (budget.number, north.pk)
    one = client.get(f"transcriptions/{card.id}")
    assert Card.model_validate(one) == card
    assert Card.model_validate(one["transcription"]) == card
    lines = client.get(f"transcriptions/{card.id}/lines", page=1, language="ru")
    assert [Line.model_validate(row).line for row in lines["lines"]] == [
        text for _who, text in scene.SAID
    ]
    summaries = client.get(f"transcriptions/{card.id}/summary")["summaries"]
    assert [row["text"] for row in summaries] == ["The budget grows."]
    assert client.sent.count("POST auth/from-tcs") == 1


def test_it_streams_the_sound(server: Server, fake: FakeServer, budget: Recording) -> None:
    client = client_of(server, fake)
    pair = client.exchange()
    headers = {"Authorization": f"Bearer {pair.access_token}"}
    where = f"{client.base}/api/user/v1/transcriptions/{budget.number}/audio"
    with requests.get(where, headers=headers, stream=True, timeout=10) as whole:
        assert whole.status_code == 200
        sound = b"".join(whole.iter_content(1000))
    assert len(sound) == int(whole.headers["Content-Length"])
    rest = requests.get(where, headers={**headers, "Range": "bytes=100-"}, timeout=10)
    assert (rest.status_code, rest.content) == (206, sound[100:])


def test_a_host_that_is_not_registered_makes_it_try_once_more(
    server: Server, fake: FakeServer, north: Connection
) -> None:
    client = client_of(server, fake, "elsewhere.example")
    with pytest.raises(Refused) as refused:
        client.get("transcriptions")
    assert refused.value.status == 404
    assert "not found" in refused.value.description
    assert client.sent == ["POST auth/from-tcs"] * 2


def test_it_renews_itself(server: Server, fake: FakeServer, budget: Recording) -> None:
    client = client_of(server, fake)
    client.get("transcriptions")
    ask("UPDATE accounts_token SET expires_at = now() WHERE kind = 'access'")
    assert client.get("transcriptions")["page"]["count"] == 1
    assert client.sent[-2:] == ["POST auth/refresh", "GET transcriptions"]
    ask("UPDATE accounts_token SET expires_at = now() WHERE kind IN ('access', 'refresh')")
    assert client.get("transcriptions")["page"]["count"] == 1
    assert client.sent[-3:] == ["POST auth/refresh", "POST auth/from-tcs", "GET transcriptions"]
