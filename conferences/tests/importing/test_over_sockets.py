"""The whole way over real sockets: a TrueConf stand-in, real worker processes, and kill -9."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conferences import worker as looking
from conferences.fake_tcs.server import FakeServer
from conferences.fake_tcs.sound import tone
from conferences.models import Conference, Connection, Participant, RemoteTrack, Session
from conferences.tests.importing.conftest import WAIT, Work
from recordings.models import Recording, Run, StoredFile, Track
from tests.faults.workers import Nursery, Worker


@pytest.fixture
def tcs() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.fixture
def connected(tcs: FakeServer, root: Path) -> Connection:
    return Connection.objects.create(
        name="office",
        url=tcs.url,
        client_id=tcs.app.client_id,
        client_secret=tcs.app.client_secret,
        poll_seconds=1,
    )


@pytest.fixture(scope="module")
def nursery(django_db_setup: None) -> Iterator[Nursery]:
    born = Nursery()
    yield born
    born.close()


@pytest.fixture
def download(root: Path, tmp_path: Path, nursery: Nursery) -> Iterator[Callable[[], Worker]]:
    """Starts a worker of the queue `download`."""
    started: list[Worker] = []

    def start() -> Worker:
        settings: Any = {"storage": str(root), "disk_reserve_bytes": 0, "retry_pace": 0.05}
        log = tmp_path / f"worker{len(started)}.log"
        worker = Worker(
            log=log, nursery=nursery, queues="download", concurrency=1, recordings=settings
        )
        started.append(worker.start())
        return worker

    yield start
    for worker in started:
        worker.kill()


def until(true: Callable[[], object], *, seconds: float = WAIT) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


def in_parts(root: Path) -> int:
    return sum(path.stat().st_size for path in (root / "incoming").glob("track-*.part"))


def check(tcs: FakeServer, root: Path, *, recordings: int, tracks: int) -> None:
    """Everything once, with the very bytes that the server has."""
    assert Recording.objects.count() == recordings
    assert Track.objects.filter(status="stored").count() == tracks == StoredFile.objects.count()
    theirs = sorted(
        track.sound.sha256
        for meeting in tcs.meetings.values()
        for session in meeting.sessions
        for track in session.tracks
    )
    assert sorted(StoredFile.objects.values_list("sha256", flat=True)) == theirs
    assert in_parts(root) == 0


def test_a_server_with_every_kind_of_trouble(
    tcs: FakeServer, connected: Connection, root: Path
) -> None:
    for number in range(4):
        tcs.add_meeting(f"Meeting {number}", tracks=3, auto_recognition=False)
    tcs.faults.add("cut", after=700, times=4)
    tcs.faults.add("html_502", times=2, skip=6)
    tcs.faults.add("expired_token", times=1, skip=9)
    work = Work()
    work.until(lambda: Recording.objects.filter(status="ready").count() == 4)
    work.stop()
    check(tcs, root, recordings=4, tracks=12)
    assert [m.objects.count() for m in (Conference, Session, RemoteTrack)] == [4, 4, 12]
    assert Participant.objects.count() == 12
    owners = {one.owner.identity.call_id for one in Recording.objects.all()}
    assert owners == {"alice@tcs.example"}
    assert not Run.objects.exists()
    connected.refresh_from_db()
    assert (connected.status, connected.missing_scopes) == ("works", [])


def slow(tcs: FakeServer) -> None:
    """One meeting of a few long tracks that come slowly: seconds each."""
    voices = {f"p{n}": tone(n, seconds=60) for n in range(3)}
    tcs.add_meeting(tracks=voices, auto_recognition=False)
    tcs.faults.add("slow", bytes_per_second=200_000)


def test_killed_at_any_moment_it_continues_from_what_is_here(
    tcs: FakeServer, connected: Connection, root: Path, download: Callable[[], Worker]
) -> None:
    slow(tcs)
    first = download()
    until(lambda: in_parts(root) > 20_000)
    first.kill()
    have = in_parts(root)
    assert RemoteTrack.objects.filter(status="downloading").exists()
    second = download()
    until(lambda: in_parts(root) > have + 10_000)
    assert second.kill_child(), "only its pool process; the parent starts another"
    until(lambda: RemoteTrack.objects.filter(attempt=3).exists())
    tcs.faults.remove()
    until(lambda: Recording.objects.filter(status="ready").exists())
    check(tcs, root, recordings=1, tracks=3)
    ranges = [seen.range for seen in tcs.requests if seen.range]
    assert ranges, "it went on in the middle"
    assert RemoteTrack.objects.filter(failures__gt=0).count() == 0


def test_sigterm_ends_it_within_seconds_and_leaves_the_parts(
    tcs: FakeServer, connected: Connection, root: Path, download: Callable[[], Worker]
) -> None:
    slow(tcs)
    worker = download()
    until(lambda: in_parts(root) > 20_000)
    began = time.monotonic()
    worker.process.send_signal(signal.SIGTERM)
    worker.process.wait(20)
    assert time.monotonic() - began < 10
    assert in_parts(root) > 20_000
    assert set(RemoteTrack.objects.values_list("status", flat=True)) == {"pending"}


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(5))
def test_many_kills_lose_and_double_nothing(
    tcs: FakeServer, connected: Connection, root: Path, download: Callable[[], Worker], seed: int
) -> None:
    dice = random.Random(seed)
    tcs.add_meetings(30, tracks=4, auto_recognition=False)
    tcs.faults.add("cut", after=900, chance=0.1)
    tcs.faults.add("slow", bytes_per_second=30_000, chance=0.5)
    for _ in range(8):
        worker = download()
        time.sleep(dice.uniform(2, 5))
        worker.kill()
    download()
    until(lambda: Recording.objects.filter(status="ready").count() == 30, seconds=120)
    check(tcs, root, recordings=30, tracks=120)


def test_the_queue_names_who_looks(settings: Any) -> None:
    assert settings.QUEUE_LOOKS["download"] == f"{looking.__name__}.look"
