"""Many conferences at once from a server to their transcripts, while everything that has a part in
it is killed: nothing is lost, nothing is done twice."""

import hashlib
import random
import time
import wave
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from accounts import tokens
from accounts.choices import TokenKind
from common.sql import ask as rows_of
from conferences.choices import DownloadStatus, ImportStatus
from conferences.models import Conference, Connection, RemoteTrack, Session
from engines import vad
from engines.media import reading
from recognition.models import Phrase, TrackWords, Transcript
from recordings.models import Recording, Run, StepRun, StoredFile, Track
from recordings.storage import files
from sai.embedded import Servers, ports
from tests.faults import invariants
from tests.faults.family import Member, answers, ask, celery, web

pytestmark = pytest.mark.django_db(transaction=True)
TRACKS, RATE = 3, 16_000
KEY = {"X-Fake-Key": "kills"}
SHORT = {
    "SAI_LEASE_SECONDS": "3",
    "SAI_HEARTBEAT_SECONDS": "0.8",
    "SAI_SWEEP_SECONDS": "1",
    "SAI_POLL_SECONDS": "0.5",
    "SAI_STT_ENGINE": "remote",
    "SAI_DISK_RESERVE_MB": "0",
}


@dataclass
class Stage:
    folder: Path
    servers: Servers
    tcs_url: str
    members: dict[str, Member] = field(default_factory=dict)
    struck: Counter[str] = field(default_factory=Counter)

    def strike(self, draw: random.Random) -> None:
        """Kills one of them; who is gone comes back, as by the launcher."""
        whom = draw.choice([*self.members, *self.members, "redis"])
        self.struck[whom] += 1
        if whom == "redis":
            assert self.servers.redis
            self.servers.redis.kill()
            time.sleep(draw.random())
            self.servers.redis.start()
            return
        self.members[whom].kill()

    def revive(self) -> None:
        for member in self.members.values():
            if not member.lives:
                member.start()

    def close(self) -> None:
        for member in self.members.values():
            member.kill()


@pytest.fixture
def stage(servers: Servers, settings: Settings, tmp_path: Path) -> Iterator[Stage]:
    storage = tmp_path / "fs"
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        "storage": str(storage),
        "disk_reserve_bytes": 0,
    }
    port, tcs_port = ports.find(), ports.find()
    own = {**SHORT, "SAI_STORAGE": str(storage), "SAI_VAR": str(django_settings.VAR_DIR)}
    token = tokens.make(None, TokenKind.ENGINE)[1]
    engine = ["-m", "engines.agent", "--server", f"ws://127.0.0.1:{port}/ws/supervisor"]
    engine += ["--engine", "fake", "--speed", "0", "--slots", "2", "--languages", "en,ru"]
    engine += ["--exchange", str(storage / "exchange"), "--storage", str(storage)]
    tcs = ["-m", "conferences.fake_tcs", "--port", str(tcs_port), "--meetings", "0"]
    tcs += ["--client-id", "kills", "--client-secret", "secret", "--control-key", KEY["X-Fake-Key"]]
    made = Stage(tmp_path, servers, f"http://127.0.0.1:{tcs_port}")
    made.members = {
        "tcs": Member("tcs", tmp_path, *tcs, "--keep", str(tmp_path / "tcs.keep")),
        "web": web("web", tmp_path, port=port, **own),
        "download": celery("download", tmp_path, queues="download", **own),
        "cpu": celery("cpu", tmp_path, queues="cpu,gpu,llm", **own),
        "engine 1": Member(
            "engine1", tmp_path, *engine, "--id", "one", SAI_ENGINE_TOKEN=token, **own
        ),
        "engine 2": Member(
            "engine2", tmp_path, *engine, "--id", "two", SAI_ENGINE_TOKEN=token, **own
        ),
    }
    yield made
    made.close()


@pytest.mark.parametrize(
    ("seed", "count", "every"),
    [
        pytest.param(5, 12, 6, id="twelve"),
        *(
            pytest.param(
                seed, 100, 12, id=f"seed {seed}",
                marks=[pytest.mark.campaign, pytest.mark.timeout(3000)],
            )
            for seed in (1, 2, 3)
        ),
    ],
)  # fmt: skip
@pytest.mark.timeout(420)
def test_whatever_is_killed_every_conference_is_recognised_once(
    stage: Stage, settings: Settings, seed: int, count: int, every: int
) -> None:
    settings.PIPELINES = {**settings.PIPELINES}
    answers(f"{stage.tcs_url}/_fake/state", headers=KEY)
    Connection.objects.create(
        name="kills", url=stage.tcs_url, client_id="kills", client_secret="secret",
        poll_seconds=1, auto_recognize=True,
    )  # fmt: skip
    plan = {"tracks": voices(stage.folder), "count": count, "auto_recognition": True}
    ask("POST", f"{stage.tcs_url}/_fake/meetings", plan, KEY)
    took = strike_until_recognised(stage, random.Random(seed), count, every)
    check_nothing_is_lost_or_doubled(count)
    print(f"{count} conferences in {took:.0f} s, killed {dict(stage.struck)}")


def voices(folder: Path) -> str:
    """A folder with two seconds of each voice of the sample meeting."""
    (folder / "voices").mkdir()
    for source in sorted(django_settings.SAMPLE_DIR.glob("*.opus")):
        reading.decode(source, folder / "pcm")
        pcm = reading.read_pcm(folder / "pcm")
        first = vad.speech_regions(pcm)[0]
        excerpt = pcm[int(first.start * RATE) : int((first.start + 2) * RATE)]
        with wave.open(str(folder / "voices" / f"{source.stem}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(excerpt.tobytes())
        (folder / "pcm").unlink()
    return str(folder / "voices")


def progress() -> int:
    """Tracks that are here and steps that were done."""
    stored = RemoteTrack.objects.filter(status=DownloadStatus.STORED).count()
    return stored + StepRun.objects.filter(status__in=("done", "skipped")).count()


def strike_until_recognised(stage: Stage, draw: random.Random, count: int, every: int) -> float:
    """Strikes by the progress, not by the clock: a slow machine is not killed to a standstill."""
    begun, last, blow = time.monotonic(), time.monotonic(), every // 2
    seen = 0
    while Recording.objects.filter(status="done").count() < count:
        time.sleep(0.3)
        stage.revive()
        invariants.nobody_is_stuck()
        now = progress()
        if now > seen:
            seen, last = now, time.monotonic()
        assert time.monotonic() - last < 90, f"nothing moves any more after {seen}: {situation()}"
        if now >= blow:
            blow = now + draw.randrange(every // 2, every * 2)
            stage.strike(draw)
    return time.monotonic() - begun


def situation() -> str:
    tracks = Counter(RemoteTrack.objects.values_list("status", flat=True))
    steps = Counter(StepRun.objects.values_list("step", "status"))
    status = Connection.objects.values_list("status", "error")
    return f"{dict(tracks)} {dict(steps)} {list(status)}"


def check_nothing_is_lost_or_doubled(count: int) -> None:
    for model in (Conference, Session, Recording):
        assert model.objects.count() == count
    assert set(Session.objects.values_list("status", flat=True)) == {ImportStatus.READY}
    assert Session.objects.values("recording").distinct().count() == count
    assert not Recording.objects.filter(incomplete=True).exists()
    assert RemoteTrack.objects.count() == Track.objects.count() == count * TRACKS
    check_bytes(count)
    assert Run.objects.count() == count
    assert Transcript.objects.count() == count
    assert TrackWords.objects.count() == count * TRACKS
    assert said_twice() == []
    invariants.nobody_is_stuck()
    invariants.check_history(list(StepRun.objects.values()))


def check_bytes(count: int) -> None:
    """Each track's file is what the server has, and nothing else lies in the storage."""
    assert StoredFile.objects.count() == count * TRACKS
    for remote in RemoteTrack.objects.select_related("track__file"):
        assert remote.track is not None
        assert remote.track.file is not None
        with files.local_path(remote.track.file) as path:
            content = path.read_bytes()
        assert len(content) == remote.size
        if remote.sha256:
            assert hashlib.sha256(content).hexdigest() == remote.sha256


def said_twice() -> list[object]:
    """Lines that stand more than once in one transcript."""
    assert Phrase.objects.exists()
    return rows_of(
        "SELECT transcript_id, track_id, start, text FROM recognition_phrase"
        " GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"
    )
