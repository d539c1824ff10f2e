"""A server that means harm, or an ordinary user of it: its own look ends, told; nothing else does.

The driver is the real one, over sockets; what it says is beyond what any row can hold.
"""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from common.tests import http_server as raw
from common.tests.http_server import Asked, HttpServer
from conferences import background
from conferences.choices import ConnectionStatus, Platform
from conferences.models import Conference, Connection, RemoteTrack, Session
from conferences.platforms.trueconf import reading, tracks

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = {"access_token": "tok-1", "expires_in": 3600, "token_type": "Bearer"}
HUGE = "9" * 40
Answers = dict[str, bytes]


@pytest.fixture
def answers() -> Answers:
    """End of a path -> the body that is sent."""
    return {"/token": json.dumps(TOKEN).encode()}


@pytest.fixture
def server(answers: Answers) -> Iterator[HttpServer]:
    def say(connection: socket.socket, asked: Asked) -> None:
        path = asked.line.split()[1].partition("?")[0]
        body = next((text for end, text in answers.items() if path.endswith(end)), b"{}")
        raw.status(200, body, "Connection: close")(connection, asked)

    with raw.http_server(say) as made:
        yield made


@pytest.fixture
def look(server: HttpServer) -> Callable[[], Connection]:
    def look() -> Connection:
        connection, _ = Connection.objects.get_or_create(
            name="hostile",
            platform=Platform.TRUECONF,
            url=server.url("127.0.0.1", ""),
            client_id="id",
            client_secret="secret",
        )
        Connection.objects.update(next_poll_at=None)
        poll = background.claim()
        assert poll is not None
        poll.run()
        connection.refresh_from_db()
        return connection

    return look


def conference(**more: Any) -> dict[str, Any]:
    return {"id": "1", "topic": "t", "owner": "a@b", "state": "stopped", **more}


def listing(name: str, *rows: Any) -> bytes:
    return json.dumps({"cnt": len(rows), name: list(rows)}).encode()


ROWS = [
    conference(topic="ends in \\u0000"),
    conference(topic="\\\\u0000", tags=["\\u0000", "\\\\\\u0000\0"]),
    conference(topic="zero \0, half a pair \ud800", tags=["\udfff"]),
    conference(schedule={"start_time": float("nan"), "\0key\ud812": float("inf")}),
    conference(created_at=int(HUGE), schedule={"start_time": int("9" * 400)}),
    conference(created_at={"date": "9999-12-31 23:59:59", "timezone": "-11:00"}),
    conference(id="../../etc/passwd\0"),
    conference(sai={"recognition_language": "x" * 10_000, "auto_recognition_enabled": "yes"}),
]


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_a_conference_with_any_words_is_kept_and_stops_nothing(
    row: dict[str, Any], answers: Answers, look: Callable[[], Connection]
) -> None:
    answers["/conferences"] = listing("conferences", row, conference(id="good"))
    connection = look()
    assert (connection.status, connection.error) == (ConnectionStatus.WORKS, None)
    assert Conference.objects.filter(remote_id="good").exists()


TRACKS = [
    {"size": int(HUGE)},
    {"size": -5},
    {"size": "99999999999999999999"},
    {"size": float("inf")},
    {"display_name": "\ud800\0\u202e" * 500},
    {"started_at": "0001-01-01T00:00:00+14:00", "stopped_at": "99999-01-01T00:00:00"},
    {"started_at": "9999-12-31T23:59:59Z"},
    {"download_url": "http://169.254.169.254/\0\ud800"},
]


@pytest.mark.parametrize("track", TRACKS, ids=range(len(TRACKS)))
def test_a_track_with_any_values_is_kept_and_stops_nothing(
    track: dict[str, Any], answers: Answers, look: Callable[[], Connection]
) -> None:
    session = {
        "id": "s",
        "started_at": "2026-01-01T10:00:00Z",
        "stopped_at": "2026-01-01T11:00:00Z",
    }
    answers["/conferences"] = listing("conferences", conference())
    answers["/sessions"] = listing("list", session)
    answers["/tracks"] = listing("list", {"id": "t", **track})
    connection = look()
    assert (connection.status, connection.error) == (ConnectionStatus.WORKS, None)
    assert Session.objects.get().looked_at is not None
    found = RemoteTrack.objects.get()
    assert found.size is None or found.size >= 0
    assert found.started_at is None or 1970 <= found.started_at.year < 9999


def test_a_refusal_with_any_words_is_told(answers: Answers, look: Callable[[], Connection]) -> None:
    answers["/conferences"] = b'{"conferences": 5, "x": "\\u0000\\ud800"}'
    answers["/token"] = (
        b'{"error": "\\u0000\\ud800bad", "trace_id": "\\u0000\\ud800", "access_token": 5}'
    )
    connection = look()
    assert connection.status != ConnectionStatus.WORKS
    assert connection.error is not None
    assert connection.poll_until is None


def test_what_no_row_can_hold_ends_the_look_with_a_word(
    answers: Answers, look: Callable[[], Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever gets past the door: the claim is settled, and nobody waits for its lease."""
    answers["/conferences"] = listing("conferences", conference())
    monkeypatch.setattr(background, "clean", lambda text, _limit: str(text) + "\0")
    connection = look()
    assert connection.status == ConnectionStatus.AWAY
    assert connection.error["code"] == "poll_failed"
    assert connection.poll_until is None


def test_words_of_answers_can_stand_in_rows() -> None:
    found = reading.parse(
        b'{"a\\u0000": ["\\ud800x", "\\\\u0000", 1e999, NaN, 12345678901234567890]}'
    )
    assert found == {"a": ["\ufffdx", "\\u0000", None, None, "12345678901234567890"]}
    assert reading.parse(b'{"a": "\\ud83d\\ude00"}') == {"a": "😀"}
    assert reading.parse(b'{"a": ' + b"9" * 5000 + b"}") == {"a": "9" * 5000}
    assert reading.parse(b"[" * 100_000) is None


def test_a_length_that_no_row_can_hold_is_no_length() -> None:
    for length, size in (("9" * 20, None), ("9" * 5000, None), ("-1", None), ("17", 17)):
        answer = httpx2.Response(200, headers={"content-length": length})
        part = tracks._part(answer, 0)
        assert part is not None
        assert part.size == size
