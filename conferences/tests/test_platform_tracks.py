"""Bytes of tracks: parts of them, what breaks them off, and whose they are not."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from common.tests.http_server import Asked, http_server, status
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.platforms.base import (
    Driver,
    NotThere,
    PlatformError,
    RemoteTrackInfo,
)
from conferences.platforms.registry import get_driver
from conferences.platforms.trueconf import tracks, transport
from conferences.tests.platforms import asked_for_tokens, driver, listed, read, tcs

__all__ = ["driver", "tcs"]
pytestmark = pytest.mark.django_db


def test_a_track_goes_on_where_it_stopped(tcs: FakeServer, driver: Driver) -> None:
    tcs.add_meeting(tracks=1)
    conference, session, [track] = listed(driver)
    whole = read(driver, conference, session, track)
    with driver.open_track(conference, session_id=session, track=track) as part:
        assert (part.start, part.size) == (0, len(whole))
        etag = part.etag
    for start in (1, 500, len(whole) - 1, len(whole)):
        with driver.open_track(
            conference, session_id=session, track=track, start=start, etag=etag
        ) as part:
            assert (part.start, part.size) == (start, len(whole))
            assert b"".join(part.chunks) == whole[start:]


@pytest.mark.parametrize("fault", ["ignore_range", "wrong_range", "changed_etag"])
def test_a_track_begins_anew_where_the_server_wants_it(
    tcs: FakeServer, driver: Driver, fault: str
) -> None:
    tcs.add_meeting(tracks=1)
    conference, session, [track] = listed(driver)
    with driver.open_track(conference, session_id=session, track=track) as part:
        etag, whole = part.etag, b"".join(part.chunks)
    tcs.faults.add(fault, path="*/download")
    with driver.open_track(
        conference, session_id=session, track=track, start=600, etag=etag
    ) as part:
        assert part.start == 0
        assert b"".join(part.chunks) == whole


def test_more_than_there_is_begins_anew(tcs: FakeServer, driver: Driver) -> None:
    tcs.add_meeting(tracks=1)
    conference, session, [track] = listed(driver)
    assert track.size
    with driver.open_track(
        conference, session_id=session, track=track, start=track.size + 5
    ) as part:
        assert part.start == 0
        assert len(b"".join(part.chunks)) == track.size


def keep(chunks: Iterator[bytes], *, into: bytearray) -> None:
    for chunk in chunks:
        into += chunk


def test_a_track_that_is_cut_says_so_and_can_go_on(tcs: FakeServer, driver: Driver) -> None:
    tcs.add_meeting(tracks={"anna": bytes(range(256)) * 4000})
    conference, session, [track] = listed(driver)
    tcs.faults.add("cut", after=300_000, times=1)
    with driver.open_track(conference, session_id=session, track=track) as part:
        etag = part.etag
        kept = bytearray()
        with pytest.raises(PlatformError) as broken:
            keep(part.chunks, into=kept)
    assert broken.value.retryable
    got = bytes(kept)
    assert 0 < len(got) < (track.size or 0)
    got += read(driver, conference, session, track, start=len(got), etag=etag)
    assert hashlib.sha256(got).hexdigest() == track.sha256


def test_a_body_that_drips_is_handed_on_and_given_up(
    tcs: FakeServer, driver: Driver, monkeypatch
) -> None:
    monkeypatch.setattr(tracks, "HAND_ON_S", 0.1)
    monkeypatch.setattr(tracks, "WINDOW_S", 1.0)
    tcs.add_meeting(tracks={"anna": b"x" * 500_000})
    conference, session, [track] = listed(driver)
    tcs.faults.add("slow", bytes_per_second=40)
    kept = bytearray()
    with (
        driver.open_track(conference, session_id=session, track=track) as part,
        pytest.raises(PlatformError) as slow,
    ):
        keep(part.chunks, into=kept)
    assert (slow.value.code, slow.value.retryable) == ("platform_slow", True)
    assert 0 < len(kept) < 200  # what came is not lost


def test_a_body_that_stands_still_is_given_up(monkeypatch) -> None:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.4)
    done, kept = threading.Event(), bytearray()

    def half(connection: socket.socket, asked: Asked) -> None:
        if "token" in asked.line:
            return status(200, b'{"access_token": "t"}', "Connection: close")(connection, asked)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 100)
        done.wait(5)
        return None

    with http_server(half) as server:
        connection = Connection(url=server.url("127.0.0.1", ""), client_id="i")
        with closing(get_driver(connection)) as driver:
            track = RemoteTrackInfo(id="t", download_url="/sound")
            with (
                driver.open_track("c", session_id="s", track=track) as part,
                pytest.raises(PlatformError) as still,
            ):
                keep(part.chunks, into=kept)
        done.set()
    assert kept == b"x" * 100
    assert (still.value.code, still.value.retryable) == ("outbound_timeout", True)


def test_a_token_that_ends_at_a_download_is_replaced(tcs: FakeServer, driver: Driver) -> None:
    tcs.add_meeting(tracks=1)
    conference, session, [track] = listed(driver)
    before = asked_for_tokens(tcs)
    tcs.expire_tokens()
    assert len(read(driver, conference, session, track)) == track.size
    assert asked_for_tokens(tcs) == before + 1


def test_a_track_that_is_gone(tcs: FakeServer, driver: Driver) -> None:
    tcs.add_meeting(tracks=2, missing=["person2"])
    conference, session, found = listed(driver)
    [gone] = [one for one in found if one.call_id.startswith("person2")]
    with pytest.raises(NotThere) as missing:
        read(driver, conference, session, gone)
    assert not missing.value.retryable


def test_a_page_instead_of_a_track_is_no_track(tcs: FakeServer, driver: Driver) -> None:
    tcs.add_meeting(tracks=1)
    conference, session, [track] = listed(driver)
    tcs.faults.add("html_502", path="*/download", status=200)
    with pytest.raises(PlatformError) as failed:
        read(driver, conference, session, track)
    assert failed.value.code == "platform_not_json"
    assert failed.value.retryable


def test_without_download_url_the_template_is_used(tcs: FakeServer, driver: Driver) -> None:
    tcs.add_meeting(tracks=1)
    tcs.faults.add("no_download_url")
    conference, session, [track] = listed(driver)
    assert track.download_url == ""
    assert len(read(driver, conference, session, track)) == track.size


def test_another_host_never_gets_our_token(tcs: FakeServer, driver: Driver, settings) -> None:
    with FakeServer() as stranger:
        tcs.add_meeting(tracks=1)
        tcs.faults.add("foreign_download_url", url=f"{stranger.url}/api/v4/conferences")
        conference, session, [track] = listed(driver)
        settings.OUTBOUND_ALLOW = []
        with pytest.raises(PlatformError) as refused:
            read(driver, conference, session, track)
        assert refused.value.code == "outbound_refused"
        assert stranger.requests == []
        settings.OUTBOUND_ALLOW = ["127.0.0.1"]
        with pytest.raises(PlatformError) as forbidden:
            read(driver, conference, session, track)
        assert forbidden.value.code == "platform_forbidden"
        assert [one.status for one in stranger.requests] == [401]
    assert asked_for_tokens(tcs) == 1
