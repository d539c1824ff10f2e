"""200 conferences of ten tracks, from a (fake) TrueConf Server to their transcripts: five downloads
at once, three engines on the wire, one worker for everything else; all on this machine.

The bare thing is a loop that fetches the same files with five threads and keeps nothing but them.
"""

import time
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil
from django.conf import settings
from django.db import connection

from accounts import tokens
from accounts.choices import TokenKind
from bench import ground
from bench.row import Row
from common.sql import ask as rows_of
from conferences.choices import DownloadStatus
from conferences.models import Connection, RemoteTrack
from engines import vad
from engines.media import reading
from recordings.models import Recording
from sai.embedded import ports
from tests.faults.family import Member, answers, ask, celery, web

CONFERENCES, TRACKS, DOWNLOADS, ENGINES, SPEED = 200, 10, 5, 3, 100
SECONDS, RATE = 2, 16_000
KEY = {"X-Fake-Key": "bench"}
PATIENCE = 1800
WHAT = f"{CONFERENCES} conferences x {TRACKS} tracks"


def run() -> list[Row]:
    folder = ground.folder() / "conferences"
    (folder / "fs").mkdir(parents=True, mode=0o700)  # engines make their exchange below it
    before = _database_mb()
    with _family(folder) as (tcs, family):
        bare = _fetch_all(tcs)
        peak = _Peak(family)
        begun = time.monotonic()
        _connect(tcs)
        brought = _until(_brought, peak) - begun
        done = _until(_recognised, peak) - begun
    grown = _database_mb() - before
    return [
        _brought_row(brought, bare),
        _recognised_row(done),
        _memory_row(peak.mb, grown),
    ]


def _brought_row(seconds: float, bare: float) -> Row:
    return Row(
        f"{WHAT}: brought",
        f"{seconds:.0f} s",
        f"{bare:.0f} s",
        f"{bare / seconds:.2f}",
        "",
        f"{CONFERENCES * TRACKS / seconds:.0f} files/s with {DOWNLOADS} at once, judged, hashed and"
        " durable, while recognition goes on; bare: fetched only",
    )


def _recognised_row(seconds: float) -> Row:
    return Row(
        f"{WHAT}: recognised",
        f"{seconds:.0f} s",
        "",
        "",
        "",
        f"{CONFERENCES * TRACKS / seconds:.1f} tracks/s,"
        f" {60 * CONFERENCES / seconds:.0f} conferences a minute with"
        f" {ENGINES} engines at {SPEED} x real time, summaries included",
    )


def _memory_row(peak_mb: float, grown_mb: float) -> Row:
    return Row(
        f"{WHAT}: memory, database",
        f"{peak_mb:.0f} MB",
        "",
        "",
        "",
        "peak of web, two workers and three engines together; the database grew by"
        f" {grown_mb:.0f} MB",
    )


@contextmanager
def _family(folder: Path) -> Iterator[tuple[str, list[Member]]]:
    """(the fake server's address, the product's processes)."""
    port, tcs_port = ports.find(), ports.find()
    storage = folder / "fs"
    own = {
        "SAI_STORAGE": str(storage),
        "SAI_STT_ENGINE": "remote",
        "SAI_LOG_LEVEL": "ERROR",
        "SAI_DISK_RESERVE_MB": "0",
    }
    tcs = Member(
        "tcs",
        folder,
        *("-m", "conferences.fake_tcs", "--port", str(tcs_port), "--meetings", "0"),
        *("--client-id", "bench", "--client-secret", "s", "--control-key", KEY["X-Fake-Key"]),
    )
    family = [
        web("web", folder, port=port, **own),
        celery("download", folder, queues="download", **own),
        celery("cpu", folder, queues="cpu,gpu,llm", **own),
        *(_engine(number, folder, storage, port) for number in range(ENGINES)),
    ]
    url = f"http://127.0.0.1:{tcs_port}"
    try:
        answers(f"{url}/_fake/state", headers=KEY)
        answers(f"http://127.0.0.1:{port}/healthz")
        plan = {"tracks": str(_voices(folder)), "count": CONFERENCES, "auto_recognition": True}
        ask("POST", f"{url}/_fake/meetings", plan, KEY)
        yield url, family
    finally:
        for member in (*family, tcs):
            member.kill()


def _engine(number: int, folder: Path, storage: Path, port: int) -> Member:
    return Member(
        f"engine{number}",
        folder,
        *("-m", "engines.agent", "--server", f"ws://127.0.0.1:{port}/ws/supervisor"),
        *("--engine", "fake", "--speed", str(SPEED), "--slots", "2", "--id", f"bench-{number}"),
        *("--exchange", str(storage / "exchange"), "--storage", str(storage)),
        SAI_ENGINE_TOKEN=tokens.make(None, TokenKind.ENGINE)[1],
    )


def _connect(url: str) -> None:
    Connection.objects.create(
        name="bench", url=url, client_id="bench", client_secret="s", poll_seconds=2
    )


def _voices(folder: Path) -> Path:
    """Ten files of two seconds of speech, out of the shipped meeting."""
    made = folder / "voices"
    made.mkdir()
    excerpts = []
    for source in sorted(settings.SAMPLE_DIR.glob("*.opus")):
        reading.decode(source, folder / "pcm")
        pcm = reading.read_pcm(folder / "pcm")
        for region in vad.speech_regions(pcm)[:4]:
            start = int(region.start * RATE)
            excerpts.append(pcm[start : start + SECONDS * RATE].copy())
        (folder / "pcm").unlink()
    for number, excerpt in enumerate(excerpts[:TRACKS]):
        with wave.open(str(made / f"person{number}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(excerpt.tobytes())
    return made


def _fetch_all(url: str) -> float:
    """Seconds for a loop that knows the addresses and writes the files somewhere."""
    given = {"grant_type": "client_credentials", "client_id": "bench", "client_secret": "s"}
    with httpx2.Client(base_url=url, timeout=60) as client:
        token = client.post("/api/v4/oauth2/token", json=given).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        addresses = [address for one in _meetings(client) for address in _files(client, one)]
        assert len(addresses) == CONFERENCES * TRACKS
        out = ground.folder() / "bare"

        def fetch(address: str) -> None:
            out.with_suffix(f".{hash(address)}").write_bytes(client.get(address).content)

        begun = time.monotonic()
        with ThreadPoolExecutor(DOWNLOADS) as pool:
            list(pool.map(fetch, addresses))
        return time.monotonic() - begun


def _meetings(client: httpx2.Client) -> list[str]:
    answer = client.get("/api/v4/conferences", params={"page_size": 1000}).json()
    return [one["id"] for one in answer["conferences"]]


def _files(client: httpx2.Client, meeting: str) -> Iterator[str]:
    where = f"/api/v4/conferences/{meeting}/sessions"
    for session in client.get(where).json()["list"]:
        name = session["id"].replace("@", "%40").replace("#", "%23")
        for track in client.get(f"{where}/{name}/tracks").json()["list"]:
            yield track["download_url"]


def _until(condition: Callable[[], bool], peak: "_Peak") -> float:
    end = time.monotonic() + PATIENCE
    while not condition():
        peak.look()
        if time.monotonic() > end:
            raise TimeoutError("the conferences did not come to their end")
        time.sleep(0.5)
    return time.monotonic()


def _brought() -> bool:
    stored = RemoteTrack.objects.filter(status=DownloadStatus.STORED).count()
    return stored == CONFERENCES * TRACKS


def _recognised() -> bool:
    return Recording.objects.filter(status="done").count() == CONFERENCES


class _Peak:
    """The most memory that the family had at once; what processes share counts once."""

    def __init__(self, family: list[Member]) -> None:
        self.family, self.mb = family, 0.0

    def look(self) -> None:
        used = 0
        for member in self.family:
            with suppress(psutil.Error):
                whole = psutil.Process(member.process.pid)
                for process in (whole, *whole.children(recursive=True)):
                    used += _pss(process)
        self.mb = max(self.mb, used / 1e6)


def _pss(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return 0


def _database_mb() -> float:
    name = connection.settings_dict["NAME"]
    found: list[dict[str, Any]] = rows_of("SELECT pg_database_size(%(name)s) AS size", name=name)
    return found[0]["size"] / 1e6
