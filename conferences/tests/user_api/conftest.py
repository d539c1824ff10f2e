"""A server with three people, and a meeting of it that was recognised."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.tests import scene
from recordings.models import Recording


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeServer]:
    with FakeServer(name="north.example") as server:
        for login in ("anna", "boris", "carl"):
            server.add_user(login, name=f"{login.title()} North")
        yield server


@pytest.fixture
def north(fake: FakeServer, db: None) -> Connection:
    fake.faults.remove()
    return scene.connect(fake)


@pytest.fixture
def budget(north: Connection, root: Path, tmp_path: Path) -> Recording:
    recording = scene.meeting(north, tmp_path)
    scene.recognised(recording)
    return recording
