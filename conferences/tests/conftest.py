"""What the stories of conferences share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from conferences.fake_tcs.server import FakeServer


@pytest.fixture
def root(settings: Settings, tmp_path: Path) -> Path:
    """A storage of this test alone, on however full a disk."""
    path = tmp_path / "storage"
    settings.RECORDINGS = {**settings.RECORDINGS, "storage": str(path), "disk_reserve_bytes": 0}
    return path


@pytest.fixture
def tcs() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server
