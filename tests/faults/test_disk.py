"""A disk that is really full, and an intake that is killed: 507 and nothing half-stored."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from recordings.models import Recording, StoredFile
from recordings.storage import files
from recordings.tests import doors, factories, sound

pytestmark = pytest.mark.usefixtures("pipelines")
MEGABYTE = 1 << 20


@pytest.fixture
def disk(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """A disk of 4 MB with the storage on it."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a disk of its own")
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        "storage": str(place / "storage"),
        "disk_reserve_bytes": 0,
    }
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def kept(disk: Path) -> list[Path]:
    return [path for path in (disk / "storage").rglob("*") if path.is_file()]


def nothing_half_stored(disk: Path, count: int) -> bool:
    rows = StoredFile.objects.all()
    whole = all(row.size == path_of(row).stat().st_size for row in rows)
    return whole and len(kept(disk)) == rows.count() == Recording.objects.count() == count


def path_of(row: StoredFile) -> Path:
    with files.local_path(row) as path:
        return path


def test_a_full_disk_refuses_and_takes_again_when_there_is_room(disk: Path, tmp_path: Path) -> None:
    api: Client = doors.caller(factories.user())
    one = sound.wav(tmp_path / "one.wav", seconds=130, pitch=300)  # 2 MB
    two = sound.wav(tmp_path / "two.wav", seconds=130, pitch=500)
    assert doors.send(api, one.open("rb")).status_code == 201

    ballast = disk / "ballast"
    ballast.write_bytes(bytes(MEGABYTE))
    refused = doors.send(api, two.open("rb"))
    assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
    assert nothing_half_stored(disk, 1)

    ballast.unlink()
    small = sound.wav(tmp_path / "small.wav", seconds=60, pitch=500)
    assert doors.send(api, small.open("rb")).status_code == 201
    assert nothing_half_stored(disk, 2)


def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others write too: there was room when we asked, and none when we wrote."""
    monkeypatch.setattr("recordings.storage.local.ensure_room", lambda *_, **__: None)
    api: Client = doors.caller(factories.user())
    (disk / "ballast").write_bytes(bytes(3 * MEGABYTE))
    large = sound.wav(tmp_path / "large.wav", seconds=130)
    refused = doors.send(api, large.open("rb"))
    assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
    assert nothing_half_stored(disk, 0)
    (disk / "ballast").unlink()
    assert doors.send(api, large.open("rb")).status_code == 201
    assert nothing_half_stored(disk, 1)
