"""A server that says anything at all: every error is one of ours, and none waits for ever."""

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from common.tests import http_server as raw
from common.tests.http_server import Asked, HttpServer, own_certificate
from conferences.choices import Platform
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.platforms.base import (
    CredentialsRejected,
    Driver,
    NotThere,
    PlatformError,
    RemoteConference,
)
from conferences.platforms.registry import get_driver
from conferences.platforms.trueconf import transport

pytestmark = pytest.mark.django_db
TOKEN = {"access_token": "tok-1", "expires_in": "3600", "token_type": "Bearer"}
ROOM = RemoteConference(id="a/b@c#d", topic="", owner="", is_running=False)
REJECTED = "credentials_rejected"
HTML = b"<html><body>Bad gateway, Bearer abc.def token=xyz " + b"x" * 2000


def said(body: Any, code: int = 200, *headers: str) -> raw.Behaviour:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return raw.status(code, content, "Connection: close", *headers)


class Script:
    """Tokens are given; everything else is answered by `answers`, the last one again."""

    def __init__(self) -> None:
        self.answers: list[raw.Behaviour] = [said({})]
        self.token: raw.Behaviour = said(TOKEN)

    def __call__(self, connection: socket.socket, asked: Asked) -> None:
        if "/token " in asked.line:
            return self.token(connection, asked)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(connection, asked)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def server(script: Script) -> Iterator[HttpServer]:
    with raw.http_server(script) as made:
        yield made


def connected(server: HttpServer, **more: Any) -> Connection:
    given = {"platform": Platform.TRUECONF, "client_id": "id", "client_secret": "very-secret"}
    url = server.url("127.0.0.1", "")
    return Connection.objects.create(**{"name": "x", "url": url, **given, **more})


@pytest.fixture
def driver(server: HttpServer) -> Iterator[Driver]:
    with closing(get_driver(connected(server))) as made:
        yield made


def nested(code: int, reason: str) -> dict[str, Any]:
    return {
        "error": {"code": code, "message": "No", "errors": [{"reason": reason, "message": "No"}]},
        "trace_id": "trace-7",
    }


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "retryable"),
    [
        (404, nested(404, "conferenceNotFound"), NotThere, "not_on_server", False),
        (410, {}, NotThere, "not_on_server", False),
        (404, nested(404, "routeNotFound"), PlatformError, "platform_route", False),
        (404, HTML, PlatformError, "platform_route", False),
        (400, nested(400, "invalidScope"), PlatformError, "platform_refused", False),
        (403, nested(403, "accessDenied"), PlatformError, "platform_forbidden", False),
        (403, {"error": "auth_method_disabled"}, PlatformError, "platform_forbidden", False),
        (
            403,
            nested(403, "accessTokenInvalid"),
            CredentialsRejected,
            "credentials_rejected",
            False,
        ),
        (401, {"error_description": "no"}, CredentialsRejected, REJECTED, False),
        (429, {}, PlatformError, "platform_busy", True),
        (500, nested(500, "internalError"), PlatformError, "platform_failed", True),
        (502, HTML, PlatformError, "platform_failed", True),
        (503, b"", PlatformError, "platform_failed", True),
        (301, b"", PlatformError, "platform_redirect", False),
        (307, b"", PlatformError, "platform_redirect", False),
        (200, HTML, PlatformError, "platform_not_json", True),
        (200, b"[1]", PlatformError, "platform_not_json", True),
        (200, b"{" * 100_000, PlatformError, "platform_not_json", True),
        (500, [], PlatformError, "platform_failed", True),
        (500, {"error": {"errors": ["x"]}}, PlatformError, "platform_failed", True),
        (500, {"error": {"errors": [{"reason": 5}]}}, PlatformError, "platform_failed", True),
    ],
)
def test_every_answer_is_an_error_of_ours(
    script: Script, driver: Driver, status: int, body: Any, kind: type, code: str, retryable: bool
) -> None:
    script.answers = [said(body, status, "Location: http://127.0.0.1:1/stolen")]
    with pytest.raises(PlatformError) as met:
        driver.sessions(ROOM)
    assert isinstance(met.value, kind)
    assert (met.value.code, met.value.retryable) == (code, retryable)
    if isinstance(body, dict) and "trace_id" in body:
        assert met.value.details["trace_id"] == "trace-7"
    if body is HTML:
        assert len(met.value.details["excerpt"]) <= 500
        assert "abc.def" not in met.value.details["excerpt"]
        assert "xyz" not in met.value.details["excerpt"]


def test_a_redirect_is_not_followed(server: HttpServer, script: Script, driver: Driver) -> None:
    with raw.http_server() as elsewhere:
        script.answers = [said(b"", 302, f"Location: {elsewhere.url()}")]
        with pytest.raises(PlatformError):
            driver.sessions(ROOM)
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("7", 7, 7), ("99999999", 3600, 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0)],
)
def test_how_long_to_wait(
    script: Script, driver: Driver, header: str, least: float, most: float
) -> None:
    script.answers = [said({}, 429, f"Retry-After: {header}")]
    with pytest.raises(PlatformError) as met:
        driver.sessions(ROOM)
    assert least <= (met.value.retry_after_s or 0) <= most
    assert met.value.retry_after_s is not None


def test_nonsense_for_how_long_to_wait(script: Script, driver: Driver) -> None:
    script.answers = [said({}, 503, "Retry-After: soon")]
    with pytest.raises(PlatformError) as met:
        driver.sessions(ROOM)
    assert met.value.retry_after_s is None


def test_ids_are_encoded_and_the_token_is_a_header(
    server: HttpServer, script: Script, driver: Driver
) -> None:
    script.answers = [said({"cnt": 0, "list": []})]
    assert list(driver.sessions(ROOM)) == []
    driver.tracks("a/b", session_id="1?x@s#v%")
    token, sessions, tracks = server.asked
    assert token.line == "POST /api/v4/oauth2/token HTTP/1.1"
    assert json.loads(token.body)["grant_type"] == "client_credentials"
    assert "/conferences/a%2Fb%40c%23d/sessions?" in sessions.line
    assert "/conferences/a%2Fb/sessions/1%3Fx%40s%23v%25/tracks?" in tracks.line
    assert sessions.headers["authorization"] == "Bearer tok-1"
    assert not any("tok-1" in one.line for one in server.asked)


def test_a_server_that_repeats_a_page_for_ever(server: HttpServer, script: Script) -> None:
    rows = [{"id": f"s{n}"} for n in range(10)]
    for total in ({"cnt": 1000}, {"results": 10}, {}):
        script.answers = [said({**total, "list": rows})]
        server.asked.clear()
        Connection.objects.all().delete()
        with closing(get_driver(connected(server))) as driver:
            assert len(driver.sessions(ROOM)) == 10
        assert len(server.asked) <= 3


def pages_of(rows: list[dict], size: int) -> Callable[[socket.socket, Asked], None]:
    """Pages of a server that allows so many rows, whatever is asked, and counts only the page."""

    def answer(connection: socket.socket, asked: Asked) -> None:
        found = re.search(r"[?&]page=(\d+)", asked.line)
        at = (int(found[1]) - 1) * size if found else 0
        page = rows[at : at + size]
        said({"cnt": len(page), "list": page})(connection, asked)

    return answer


def test_a_count_of_the_page_alone_loses_nothing(script: Script, driver: Driver) -> None:
    script.answers = [pages_of([{"id": f"s{n}"} for n in range(45)], 20)]
    assert len(driver.sessions(ROOM)) == 45


def test_pages_by_id_that_go_round_in_a_circle(script: Script, server: HttpServer) -> None:
    turns = [
        said({"conferences": [{"id": f"c{n}"}], "next_page_id": (n + 1) % 5}) for n in range(5)
    ]
    script.answers = [*turns, said({"conferences": [{"id": "again"}], "next_page_id": 1})]
    connection = connected(server, options={"generation": "v3"})
    with closing(get_driver(connection)) as driver:
        assert [one.id for one in driver.conferences()] == [f"c{n}" for n in range(5)]


def test_strange_rows_are_passed_over(script: Script, driver: Driver) -> None:
    rows = [None, 5, {}, {"id": None}, {"id": ["x"]}, {"id": "x" * 300}, {"id": 7, "size": "9"}]
    more = {"size": True, "sha256": 5, "started_at": "soon", "download_url": {"a": 1}}
    script.answers = [said({"list": [*rows, {"id": "ok", **more}]})]
    tracks = driver.tracks("c", session_id="s")
    assert [(one.id, one.size, one.sha256) for one in tracks] == [("7", 9, ""), ("ok", None, "")]
    assert tracks[1].started_at is None


def test_another_servers_paths_and_names(server: HttpServer, script: Script) -> None:
    """The example of docs/connecting-trueconf.md."""
    connection = connected(
        server,
        paths={
            "sessions": "/api/v4/logs/calls?named_conf_id={conference_id}",
            "tracks": "/api/v4/audio/{session_id}/files",
        },
        fields={
            "sessions.id": "conference_id",
            "sessions.started_at": "start_time",
            "tracks.list": "data.files",
            "tracks.display_name": "user.name",
            "tracks.size": "bytes",
        },
    )
    start = {"date": "2026-03-01 13:00:00", "timezone_type": 3, "timezone": "Europe/Moscow"}
    files = [{"id": 4, "user": {"name": "Anna"}, "bytes": "77"}]
    script.answers = [
        said({"cnt": 1, "list": [{"conference_id": "7@s#v", "start_time": start}]}),
        said({"cnt": 1, "data": {"files": files}, "list": []}),
    ]
    with closing(get_driver(connection)) as driver:
        [session] = driver.sessions(ROOM)
        [track] = driver.tracks(ROOM.id, session_id=session.id)
    assert (session.id, session.started_at) == ("7@s#v", datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert (track.id, track.display_name, track.size) == ("4", "Anna", 77)
    asked = [one.line.split()[1].partition("page=")[0] for one in server.asked[1:]]
    assert asked == [
        "/api/v4/logs/calls?named_conf_id=a%2Fb%40c%23d&",
        "/api/v4/audio/7%40s%23v/files?",
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"id": 5, "owner": {"uid": "anna@s"}, "tags": "x", "sai": [], "schedule": 7},
        {"id": "5", "owner": None, "tags": [None, "a"], "sai": None, "created_at": {}},
    ],
)
def test_strange_conferences(script: Script, driver: Driver, row: dict) -> None:
    script.answers = [said({"results": 1, "conferences": [row]})]
    [found] = driver.conferences()
    assert found.id == "5"
    assert found.auto_recognition is None


def test_an_answer_without_end(script: Script, driver: Driver, monkeypatch) -> None:
    script.answers = [raw.huge]
    with pytest.raises(PlatformError) as met:
        driver.sessions(ROOM)
    assert met.value.code == "platform_too_large"


def test_an_answer_that_drips(script: Script, driver: Driver, monkeypatch) -> None:
    monkeypatch.setattr(transport, "WHOLE_S", 0.5)
    script.answers = [raw.slow(8)]
    began = time.monotonic()
    with pytest.raises(PlatformError) as met:
        driver.sessions(ROOM)
    assert time.monotonic() - began < 4
    assert met.value.retryable


@pytest.mark.parametrize("behaviour", [raw.closes, raw.answer(b"SSH-2.0-x\r\n\r\n")])
def test_what_is_no_http_may_pass(script: Script, driver: Driver, behaviour: Any) -> None:
    script.answers = [behaviour]
    with pytest.raises(PlatformError) as met:
        driver.sessions(ROOM)
    assert met.value.retryable


@pytest.mark.parametrize(
    "token", [{}, {"access_token": ""}, {"access_token": 5}, {"access_token": "a\r\nb"}, HTML, []]
)
def test_what_is_no_token(script: Script, driver: Driver, token: Any) -> None:
    script.token = said(token)
    with pytest.raises(PlatformError) as met:
        driver.sessions(ROOM)
    assert met.value.code == "platform_not_json"
    assert met.value.retryable
    assert "access_token" not in str(met.value.details)


@pytest.mark.parametrize("life", [None, "soon", -5, 0, 1e300, True])
def test_how_long_a_token_lives_may_be_nonsense(script: Script, driver: Driver, life: Any) -> None:
    script.token = said({**TOKEN, "expires_in": life})
    driver.sessions(ROOM)
    assert Connection.objects.get().token_expires_at is not None


def test_a_kept_connection_that_closed_meanwhile(
    server: HttpServer, script: Script, driver: Driver
) -> None:
    script.answers = [raw.closes, said({"cnt": 1, "list": [{"id": "s"}]})]
    assert [one.id for one in driver.sessions(ROOM)] == ["s"]
    script.answers = [raw.closes, said({})]
    with pytest.raises(PlatformError):
        driver.tell("c", call_ids=[], message="once")  # it may have been heard
    assert sum("notify" in one.line for one in server.asked) == 1


def test_nothing_secret_is_logged(script: Script, driver: Driver, caplog) -> None:
    caplog.set_level(0)
    script.answers = [said(nested(500, "x"), 500)]
    with pytest.raises(PlatformError):
        driver.sessions(ROOM)
    assert "tok-1" not in caplog.text
    assert "very-secret" not in caplog.text


def test_certificates(tmp_path: Path, script: Script) -> None:
    context, pem = own_certificate(tmp_path, "127.0.0.1")
    with raw.http_server(script, context) as server:
        connection = connected(server)
        with closing(get_driver(connection)) as driver, pytest.raises(PlatformError) as untrusted:
            driver.check()
        assert untrusted.value.code == "outbound_tls"
        assert untrusted.value.retryable
        assert "CA" in untrusted.value.next_action
        assert untrusted.value.details["certificate_expires_at"]
        assert server.asked == []
        ends = []
        for more in ({"ca_bundle": pem}, {"verify_tls": False}):
            Connection.objects.update(**{"ca_bundle": "", "verify_tls": True, **more})
            with closing(get_driver(Connection.objects.get())) as driver:
                ends.append(driver.check().certificate_expires_at)
    assert ends[0] == ends[1]
    left = ends[0].timestamp() - time.time()
    assert 86_400 < left < 3 * 86_400


def test_a_certificate_that_ended_is_told_with_its_day() -> None:
    with FakeServer(https=True, certificate_days=-3) as tcs:
        assert tcs.certificate
        bundle = tcs.certificate.read_text()
        connection = Connection.objects.create(
            name="x", platform=Platform.TRUECONF, url=tcs.url, client_id="i", ca_bundle=bundle
        )
        with closing(get_driver(connection)) as driver, pytest.raises(PlatformError) as ended:
            driver.check()
        assert tcs.requests == []
    day = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    assert day in ended.value.next_action


def test_a_bundle_that_is_none(server: HttpServer) -> None:
    connection = connected(server, ca_bundle="-----BEGIN CERTIFICATE-----\nx")
    with pytest.raises(PlatformError) as wrong:
        get_driver(connection)
    assert wrong.value.code == "ca_bundle"


def test_metadata_of_a_cloud_is_no_server() -> None:
    connection = Connection.objects.create(
        name="x", platform=Platform.TRUECONF, url="http://169.254.169.254", client_id="i"
    )
    with closing(get_driver(connection)) as driver, pytest.raises(PlatformError) as refused:
        driver.check()
    assert refused.value.code == "outbound_refused"
    assert not refused.value.retryable


def test_a_server_that_is_not_there_says_what_to_look_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    away = Connection.objects.create(
        name="away", url=f"http://127.0.0.1:{port}", client_id="id", client_secret="s"
    )
    with closing(get_driver(away)) as driver, pytest.raises(PlatformError) as told:
        driver.check()
    assert told.value.code == "outbound_unreachable"
    assert told.value.retryable
    assert "port" in told.value.next_action
