"""Tracks on their way: continued, checked, fair, as many and as fast as the settings say."""

import time
from pathlib import Path
from typing import Any

import pytest

from conferences import scheduler
from conferences.held import Stopped
from conferences.models import ConferenceSettings, Connection, RemoteTrack
from conferences.tests.importing.conftest import at_once
from conferences.tests.importing.server import Server
from recordings.models import Recording, StoredFile


def opened(server: Server) -> list[tuple[int, str]]:
    """(start, etag) of every opening."""
    return [what[2:] for what in server.asked if what[0] == "open"]


def track() -> RemoteTrack:
    return RemoteTrack.objects.get()


def stored() -> bool:
    return not RemoteTrack.objects.exclude(status="stored").exists() and (
        RemoteTrack.objects.exists()
    )


def one(connect: Any, body: bytes, **kinds: Any) -> tuple[Connection, Server, Any]:
    connection, server = connect()
    server.meet()
    return connection, server, server.speak("anna", body, **kinds)


def test_a_connection_that_breaks_is_continued(connect: Any, work: Any, wav: Any) -> None:
    body = wav(seconds=3)
    _connection, server, _sound = one(connect, body, cut_after=[8192, 8192])
    work.until(stored)
    assert opened(server) == [(0, ""), (8192, '"1"'), (16384, '"1"')]
    assert StoredFile.objects.get().sha256 == track().sha256
    assert StoredFile.objects.get().size == len(body)
    assert track().failures == 0


def test_another_file_under_the_same_name_is_begun_anew(connect: Any, work: Any, wav: Any) -> None:
    _connection, _server, sound_ = one(
        connect, wav(seconds=3), cut_after=[8192], listed_sha256="", listed_size=None
    )
    work.until(lambda: track().failures == 1)
    sound_.body, sound_.etag = wav(seconds=2, pitch=200), '"2"'
    RemoteTrack.objects.update(size=None)
    work.until(stored)
    with open(next(Path(recording_root(work)).rglob(str(StoredFile.objects.get().uid))), "rb") as f:
        assert f.read() == sound_.body


def recording_root(work: Any) -> str:
    from recordings.conf import conf

    return conf().storage


@pytest.mark.parametrize(
    ("kinds", "code"),
    [({"listed_sha256": "0" * 64}, "wrong_hash"), ({"listed_size": 10**6}, "wrong_size")],
)
def test_a_file_that_is_not_what_the_list_says_is_given_up_with_its_reason(
    connect: Any, work: Any, wav: Any, kinds: dict[str, Any], code: str, root: Path
) -> None:
    _connection, server, _sound = one(connect, wav(), **kinds)
    work.until(lambda: track().status == "failed")
    assert track().error["code"] == code
    assert len(opened(server)) == scheduler.WRONG_TRIES
    work.until(lambda: Recording.objects.get().status == "failed")
    assert not StoredFile.objects.exists()
    assert list((root / "incoming").iterdir()) == []


def test_what_is_no_sound_is_a_failed_track_and_the_others_go_on(
    connect: Any, work: Any, wav: Any
) -> None:
    _connection, server, _sound = one(connect, b"no sound at all" * 100)
    server.speak("boris", wav())
    work.until(lambda: Recording.objects.filter(status="ready", incomplete=True).exists())
    failed = RemoteTrack.objects.get(status="failed")
    assert failed.error["code"]
    assert failed.error["message"]
    assert StoredFile.objects.count() == 1


def test_a_full_disk_waits_and_counts_as_no_failure(
    connect: Any, work: Any, wav: Any, settings: Any
) -> None:
    one(connect, wav())
    settings.RECORDINGS = {**settings.RECORDINGS, "disk_reserve_bytes": 1 << 60}
    work.until(RemoteTrack.objects.exists)
    work.once()
    assert (track().status, track().attempt) == ("pending", 0)
    settings.RECORDINGS = {**settings.RECORDINGS, "disk_reserve_bytes": 0}
    work.until(stored)
    assert track().failures == 0


def many(connect: Any, wav: Any, *, servers: int, tracks: int) -> list[Server]:
    found = []
    for number in range(servers):
        _connection, server = connect(f"s{number}")
        server.meet()
        for one_ in range(tracks):
            body = wav(seconds=0.3, pitch=200 + 40 * number + one_)
            server.speak(f"p{one_}", body)
        found.append(server)
    return found


def test_servers_take_turns(connect: Any, work: Any, wav: Any) -> None:
    ConferenceSettings.objects.create(pk=1, download_workers=1)
    many(connect, wav, servers=3, tracks=4)
    work.until(lambda: RemoteTrack.objects.filter(track__isnull=False).count() == 12)
    work.idle()
    RemoteTrack.objects.filter(status="stored").update(status="pending", attempt=0, turn=0)
    order = []
    while (claimed := scheduler.claim()) is not None:
        order.append(claimed.connection.name)
        claimed.status, claimed.lease_until = "stored", None
        claimed.save()
        ahead = RemoteTrack.objects.filter(connection=claimed.connection, status="pending")
        ahead.update(turn=len(order))
    assert [sorted(order[at : at + 3]) for at in range(0, 12, 3)] == [["s0", "s1", "s2"]] * 4


def test_as_many_at_once_as_the_settings_say_also_when_they_change(
    connect: Any, work: Any, wav: Any
) -> None:
    settings = ConferenceSettings.objects.create(pk=1, download_workers=2)
    server, *_rest = many(connect, wav, servers=1, tracks=14)
    server.pause, server.chunk = 0.1, 1024
    work.until(lambda: server.at_once == 2)
    time.sleep(0.3)
    assert server.most_at_once == 2
    settings.download_workers = 6
    settings.save()
    work.until(lambda: server.at_once == 6)
    settings.download_workers = 1
    settings.save()
    server.pause = 0
    work.until(stored)
    assert server.most_at_once == 6


def test_two_processes_count_each_other(connect: Any, work: Any, wav: Any) -> None:
    ConferenceSettings.objects.create(pk=1, download_workers=3)
    many(connect, wav, servers=2, tracks=8)
    work.worker.scheduler.stop()
    work.until(lambda: RemoteTrack.objects.filter(track__isnull=False).count() == 16)
    for _ in range(5):
        at_once(*[scheduler.claim] * 8)
        assert RemoteTrack.objects.filter(status="downloading").count() == 3
        RemoteTrack.objects.filter(status="downloading").update(status="pending", lease_until=None)


def test_a_server_may_be_spared(connect: Any, work: Any, wav: Any) -> None:
    server, *_rest = many(connect, wav, servers=1, tracks=6)
    Connection.objects.update(download_workers=2)
    server.pause, server.chunk = 0.05, 1024
    work.until(stored)
    assert server.most_at_once == 2


def test_bandwidth_is_kept_to(connect: Any, work: Any, wav: Any) -> None:
    body = wav(seconds=3)
    settings = ConferenceSettings.objects.create(pk=1, bytes_per_second=30_000)
    one(connect, body)
    began = time.monotonic()
    work.until(stored)
    took = time.monotonic() - began
    assert took > len(body) / 30_000 * 0.8
    settings.delete()


def test_a_late_attempt_changes_nothing(connect: Any, work: Any, wav: Any) -> None:
    one(connect, wav())
    work.worker.scheduler.stop()
    work.until(lambda: RemoteTrack.objects.filter(track__isnull=False).exists())
    late = scheduler.claim()
    assert late
    RemoteTrack.objects.update(attempt=late.attempt + 1)
    assert not scheduler.give_back(late, RuntimeError("late"))
    assert track().status == "downloading"
    assert not scheduler.give_back(late, Stopped("lost", code="lost"))


def test_shutdown_lets_go_at_once_and_keeps_what_is_here(
    connect: Any, work: Any, wav: Any, root: Path
) -> None:
    _connection, server, _sound = one(connect, wav(seconds=3))
    server.pause = 0.05
    work.until(lambda: server.at_once == 1 and list((root / "incoming").glob("*.part")))
    time.sleep(0.2)
    began = time.monotonic()
    work.stop()
    assert time.monotonic() - began < 3
    assert track().status == "pending"
    part = next((root / "incoming").glob("track-*.part"))
    have = part.stat().st_size
    assert 0 < have == track().bytes_done
    other = type(work)()
    other.until(stored)
    other.stop()
    assert opened(server)[-1] == (have, '"1"')


@pytest.mark.parametrize("listed", [None, 1 << 62, 5000])
def test_a_body_without_an_end_does_not_fill_the_disk(
    connect: Any, work: Any, wav: Any, settings: Any, listed: int | None
) -> None:
    settings.RECORDINGS = {**settings.RECORDINGS, "upload_limit_bytes": 20_000}
    one(connect, wav(seconds=3), listed_sha256="", listed_size=listed)
    work.until(lambda: track().status == "failed")
    error = track().error
    assert error["code"] == ("wrong_size" if listed == 5000 else "track_too_large")
    parts = Path(settings.RECORDINGS["storage"]).rglob("*.part")
    assert sum(path.stat().st_size for path in parts) <= 20_000
    assert not StoredFile.objects.exists()
