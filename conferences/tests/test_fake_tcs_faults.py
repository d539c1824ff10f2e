"""Faults by switch: what a client meets when each is on."""

import hashlib
import threading
import time
from email.utils import parsedate_to_datetime

import httpx2
import pytest

from conferences.fake_tcs.faults import KINDS
from conferences.fake_tcs.meetings import Voice
from conferences.fake_tcs.server import FakeServer
from conferences.fake_tcs.sound import Sound, tone
from conferences.fake_tcs.state import Meeting
from conferences.tests.tcs_client import ask, grant, reason, tracks_path

BYTES = bytes(range(256)) * 200


@pytest.fixture
def meeting(tcs: FakeServer) -> Meeting:
    return tcs.add_meeting(tracks={"alice": Sound("alice.bin", 1.0, BYTES)})


def _url(tcs: FakeServer, meeting: Meeting) -> str:
    return ask(tcs).get(tracks_path(meeting)).json()["list"][0]["download_url"]


# -- ranges -----------------------------------------------------------------------------------


def test_a_download_goes_on_where_it_stopped(tcs: FakeServer, meeting: Meeting) -> None:
    client, url = ask(tcs), _url(tcs, meeting)
    whole = client.get(url)
    assert (whole.status_code, whole.content) == (200, BYTES)
    etag = whole.headers["etag"]
    rest = client.get(url, headers={"range": "bytes=1000-", "if-range": etag})
    assert (rest.status_code, rest.content) == (206, BYTES[1000:])
    assert rest.headers["content-range"] == f"bytes 1000-{len(BYTES) - 1}/{len(BYTES)}"
    changed = client.get(url, headers={"range": "bytes=1000-", "if-range": '"old"'})
    assert (changed.status_code, changed.content) == (200, BYTES)
    tail = client.get(url, headers={"range": "bytes=-5"})
    assert tail.content == BYTES[-5:]
    middle = client.get(url, headers={"range": "bytes=5-9"})
    assert middle.content == BYTES[5:10]
    beyond = client.get(url, headers={"range": f"bytes={len(BYTES)}-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{len(BYTES)}"
    assert client.head(url).headers["content-length"] == str(len(BYTES))
    assert httpx2.get(url).status_code == 401


def test_a_cut_connection_gives_exactly_so_many_bytes(tcs: FakeServer, meeting: Meeting) -> None:
    client, url = ask(tcs), _url(tcs, meeting)
    tcs.faults.add("cut", after=10_000, times=1)
    got: list[bytes] = []
    with client.stream("GET", url) as answer, pytest.raises(httpx2.RemoteProtocolError):
        got.extend(answer.iter_raw())
    assert b"".join(got) == BYTES[:10_000]
    assert tcs.requests[-1].sent == 10_000
    assert client.get(url).content == BYTES, "once only"


def test_a_connection_can_be_reset_before_any_answer(tcs: FakeServer, meeting: Meeting) -> None:
    client, url = ask(tcs), _url(tcs, meeting)
    tcs.faults.add("cut", after=0, times=1)
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        client.get(url)
    assert tcs.requests[-1].status is None


def test_a_slow_body_takes_its_time(tcs: FakeServer, meeting: Meeting) -> None:
    client, url = ask(tcs), _url(tcs, meeting)
    tcs.faults.add("slow", bytes_per_second=100_000)
    began = time.perf_counter()
    assert client.get(url).content == BYTES
    assert 0.4 < time.perf_counter() - began < 3


@pytest.mark.parametrize(
    ("fault", "status", "content"),
    [
        ("ignore_range", 200, BYTES),
        ("wrong_range", 206, BYTES[: len(BYTES) - 1000]),
        ("short_file", 206, BYTES[1000:-100]),
    ],
)
def test_ranges_go_wrong(
    tcs: FakeServer, meeting: Meeting, fault: str, status: int, content: bytes
) -> None:
    client, url = ask(tcs), _url(tcs, meeting)
    tcs.faults.add(fault)
    answer = client.get(url, headers={"range": "bytes=1000-"})
    assert (answer.status_code, answer.content) == (status, content)


def test_etags_change_and_bytes_are_corrupt(tcs: FakeServer, meeting: Meeting) -> None:
    client, url = ask(tcs), _url(tcs, meeting)
    tcs.faults.add("changed_etag", times=2)
    assert len({client.get(url).headers["etag"] for _ in range(2)}) == 2
    tcs.faults.add("corrupt", times=1)
    bad = client.get(url).content
    assert len(bad) == len(BYTES)
    assert hashlib.sha256(bad).digest() != hashlib.sha256(BYTES).digest()
    assert client.get(url).content == BYTES


# -- what lists say ---------------------------------------------------------------------------


def test_lists_lie_about_tracks(tcs: FakeServer, meeting: Meeting) -> None:
    client, path = ask(tcs), tracks_path(meeting)
    for kind, options in (("wrong_size", {"delta": 7}), ("wrong_sha256", {})):
        tcs.faults.add(kind, times=1, **options)
    row = client.get(path).json()["list"][0]
    assert row["size"] == len(BYTES) + 7
    assert row["sha256"] != hashlib.sha256(BYTES).hexdigest()
    for kind in ("no_sha256", "no_download_url"):
        tcs.faults.add(kind)
    assert {"sha256", "download_url"} & set(client.get(path).json()["list"][0]) == set()
    tcs.faults.remove()
    tcs.faults.add("foreign_download_url", url="http://198.51.100.9/x")
    assert client.get(path).json()["list"][0]["download_url"] == "http://198.51.100.9/x"


def test_tracks_come_late_or_never(tcs: FakeServer) -> None:
    meeting = tcs.add_meeting(
        tracks={"alice": tone(1), "boris": tone(2), "clara": tone(3)},
        late={"boris": 1.5},
        missing=["clara"],
    )
    client, path = ask(tcs), tracks_path(meeting)
    rows = client.get(path).json()["list"]
    assert [row["call_id"] for row in rows] == ["alice@tcs.example", "clara@tcs.example"]
    gone = client.get(rows[1]["download_url"])
    assert (gone.status_code, reason(gone)) == (404, "trackNotFound")
    tcs.add_late_track(meeting, Voice("dora", tone(4), "Dora"))
    deadline = time.monotonic() + 5
    while client.get(path).json()["cnt"] < 4:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    names = {row["display_name"] for row in client.get(path).json()["list"]}
    assert names == {"Alice", "Boris", "Clara", "Dora"}
    tcs.faults.add("track_404", times=1)
    assert client.get(rows[0]["download_url"]).status_code == 404
    assert client.get(rows[0]["download_url"]).status_code == 200


# -- the whole server -------------------------------------------------------------------------


def test_a_proxy_answers_html_a_few_times(tcs: FakeServer) -> None:
    tcs.faults.add("html_502", path="/api/v4/conferences", times=2)
    client = ask(tcs)
    assert client.get("/api/v4/users").status_code == 200
    for _ in range(2):
        answer = client.get("/api/v4/conferences")
        assert answer.status_code == 502
        assert "502 Bad Gateway" in answer.text
        assert answer.headers["content-type"].startswith("text/html")
    assert client.get("/api/v4/conferences").status_code == 200
    tcs.faults.add("error", status=429, reason="tooMany", retry_after=3, times=1)
    busy = client.get("/api/v4/conferences")
    assert (busy.status_code, busy.headers["retry-after"], reason(busy)) == (429, "3", "tooMany")


def test_a_notice_is_taken_and_its_answer_lost(tcs: FakeServer, meeting: Meeting) -> None:
    tcs.faults.add("cut", path="*/notify", after=0, times=1)
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        ask(tcs).post(f"/api/v4/conferences/{meeting.id}/notify", json={})
    assert len(tcs.notified) == 1


def test_tokens_are_taken_away(tcs: FakeServer) -> None:
    client = ask(tcs)
    tcs.faults.add("expired_token", times=1)
    assert client.get("/api/v4/conferences").status_code == 401
    assert client.get("/api/v4/conferences").status_code == 401, "that token is over"
    again = ask(tcs)
    assert again.get("/api/v4/conferences").status_code == 200
    tcs.faults.add("rejected_token")
    assert ask(tcs).get("/api/v4/conferences").status_code == 401
    assert reason(ask(tcs).get("/api/v3.3/users")) == "accessTokenInvalid"
    tcs.faults.add("rejected_credentials")
    assert grant(tcs, grant_type="client_credentials").status_code == 401


def test_a_scope_is_missing(tcs: FakeServer, meeting: Meeting) -> None:
    before = ask(tcs)
    tcs.faults.add("missing_scope", scope="conferences.records:read")
    granted = grant(tcs, grant_type="client_credentials").json()
    scopes = granted["scope"].split()
    assert "conferences.records:write" in scopes
    assert not {"conferences.records", "conferences.records:read"} & set(scopes)
    for client in (before, ask(tcs, granted["access_token"])):
        refused = client.get(tracks_path(meeting))
        assert (refused.status_code, reason(refused)) == (403, "insufficientScope")
        assert client.get("/api/v4/conferences").status_code == 200


def test_a_server_hangs(tcs: FakeServer) -> None:
    tcs.faults.add("hang", path="*/conferences")
    client = ask(tcs)
    with pytest.raises(httpx2.ReadTimeout):
        client.get("/api/v4/conferences", timeout=0.3)
    assert client.get("/api/v4/users").status_code == 200
    tcs.faults.remove("hang")
    tcs.faults.add("delay", seconds=0.2, times=1)
    began = time.perf_counter()
    assert client.get("/api/v4/conferences").status_code == 200
    assert time.perf_counter() - began >= 0.2


def test_a_server_dies_in_the_middle_and_comes_back(tcs: FakeServer, meeting: Meeting) -> None:
    url, client = _url(tcs, meeting), ask(tcs)
    tcs.faults.add("slow", bytes_per_second=20_000)
    killer = threading.Timer(0.3, tcs.die)
    killer.start()
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        client.get(url)
    killer.join()
    with pytest.raises(httpx2.ConnectError):
        client.get(url)
    tcs.faults.remove()
    tcs.revive()
    assert client.get(url).content == BYTES


def test_its_clock_is_wrong(tcs: FakeServer) -> None:
    tcs.faults.add("clock_skew", seconds=-600)
    answer = ask(tcs).get("/api/v4/server")
    away = parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()
    assert away == pytest.approx(-600, abs=3)


def test_faults_skip_and_strike_by_chance(tcs: FakeServer) -> None:
    client = ask(tcs)
    tcs.faults.add("error", skip=2, times=1)
    assert [client.get("/api/v4/users").status_code for _ in range(4)] == [200, 200, 500, 200]
    fault = tcs.faults.add("error", chance=0.5)
    codes = [client.get("/api/v4/users").status_code for _ in range(60)]
    assert 10 < codes.count(500) == fault.struck < 50


def test_a_switch_that_does_not_exist_is_refused(tcs: FakeServer) -> None:
    with pytest.raises(ValueError, match="There is no fault"):
        tcs.faults.add("nonsense")
    with pytest.raises(ValueError, match="has no option"):
        tcs.faults.add("cut", before=3)
    for wrong in ({"times": 0}, {"after": "many"}, {"after": -1}, {"skip": None}):
        with pytest.raises(ValueError, match="must be a number"):
            tcs.faults.add("cut", **wrong)
    with pytest.raises(ValueError, match="true or false"):
        tcs.faults.add("chat_drop", delivered=1)
    assert not tcs.faults.on()
    assert all(kind.meaning for kind in KINDS.values())
