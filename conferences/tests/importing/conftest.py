"""What the stories about bringing meetings share."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connections
from pytest_django import Settings

from common.sql import ask
from conferences import worker
from conferences.models import Connection
from conferences.platforms import registry
from conferences.tests.importing.server import Server
from recordings.tests import sound
from recordings.tests.steps import MARKS

WAIT = 60.0
"""Seconds; a busy machine is slow, and what never comes true must still end."""


@pytest.fixture
def root(settings: Settings, tmp_path: Path, transactional_db: None) -> Path:
    """A storage of this test alone, and tries that follow each other quickly."""
    path = tmp_path / "storage"
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        "storage": str(path),
        "disk_reserve_bytes": 0,
        "retry_pace": 0.01,
    }
    return path


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch, root: Path) -> dict[str, Server]:
    """Host -> the server in memory that answers for it."""
    found: dict[str, Server] = {}
    monkeypatch.setattr(registry, "get_driver", lambda one: found[one.host].driver(one))
    return found


@pytest.fixture
def connect(servers: dict[str, Server]) -> Callable[..., tuple[Connection, Server]]:
    def make(name: str = "one", **fields: object) -> tuple[Connection, Server]:
        fields = {"poll_seconds": 1, **fields}
        connection = Connection.objects.create(
            name=name, url=f"https://{name}.test", client_id="us", client_secret="s", **fields
        )
        servers[connection.host] = Server()
        return connection, servers[connection.host]

    return make


@pytest.fixture
def recognition(settings: Settings, root: Path) -> None:
    """Recognition is one step that leaves a mark."""
    settings.PIPELINES = {**settings.PIPELINES, "meeting": ["recordings.tests.steps.PerTrack"]}
    ask(MARKS)
    ask("TRUNCATE test_marks")


@pytest.fixture
def wav(tmp_path: Path) -> Callable[..., bytes]:
    return lambda **kinds: sound.wav_bytes(tmp_path, **kinds)


@pytest.fixture
def work(servers: dict[str, Server]) -> Iterator["Work"]:
    made = Work()
    yield made
    made.stop()


def at_once(*acts: Callable[[], object]) -> None:
    """Does all of them, each in a thread with a connection of its own, from one moment on."""
    barrier = threading.Barrier(len(acts))

    def do(act: Callable[[], object]) -> None:
        try:
            barrier.wait(10)
            act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=do, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive()


class Work:
    """The worker of a process, looked after until something is true."""

    def __init__(self) -> None:
        self.worker = worker.Worker()

    def until(self, true: Callable[[], object], *, looking: bool = True) -> None:
        """Looks again and again, as the process does by itself, until it is true."""
        end = time.monotonic() + WAIT
        while not self._holds(true):
            assert time.monotonic() < end, "it did not come true"
            if looking:
                self.worker.look()
            time.sleep(0.02)

    def _holds(self, true: Callable[[], object]) -> bool:
        try:
            return bool(true())
        except ObjectDoesNotExist:
            return False

    def idle(self) -> None:
        """Until nothing is under way."""
        self.until(lambda: not self.worker.busy, looking=False)

    def once(self) -> None:
        """One look, and everything that it began."""
        self.worker.look()
        self.idle()

    def stop(self) -> None:
        self.worker.stop()
        for thread in threading.enumerate():
            if thread.name.startswith(("poll-", "download-", "journey")):
                thread.join(5)
