"""What the stories of conferences share."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture
def root(settings: Settings, tmp_path: Path) -> Path:
    """A storage of this test alone, on however full a disk."""
    path = tmp_path / "storage"
    settings.RECORDINGS = {**settings.RECORDINGS, "storage": str(path), "disk_reserve_bytes": 0}
    return path
