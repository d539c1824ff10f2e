"""A shared folder as a source: what is put there becomes a recording."""

from pathlib import Path
from typing import Any

from conferences.models import Connection, RemoteTrack
from conferences.tests.importing.conftest import Work
from recordings.models import Recording
from recordings.tests import sound


def test_files_in_a_shared_folder_become_a_recording(root: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared" / "Weekly"
    shared.mkdir(parents=True)
    for name in ("anna", "boris"):
        sound.wav(shared / f"{name}.wav", pitch=300)
    options = {"settle_seconds": 0.1}
    Connection.objects.create(
        name="shared", platform="folder", url=str(shared.parent), poll_seconds=1, options=options
    )
    work = Work()
    work.until(lambda: Recording.objects.filter(status="ready").exists())
    work.stop()
    recording = Recording.objects.get()
    assert (recording.source, recording.tracks.count()) == ("folder", 2)
    assert "Weekly" in recording.title
    names: Any = set(recording.tracks.values_list("name", flat=True))
    assert names == {"anna", "boris"}
    assert not RemoteTrack.objects.exclude(status="stored").exists()
    assert sorted(path.name for path in shared.iterdir()) == ["anna.wav", "boris.wav"]
