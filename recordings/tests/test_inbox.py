"""A watched folder: nothing half-written is taken, nothing good is lost, nothing bad stays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from recordings.models import Recording
from recordings.services.inbox import Inbox, has_writer
from recordings.tests import factories, sound
from recordings.tests.doors import names

pytestmark = pytest.mark.django_db(transaction=True)
SETTLE = 0.15


@pytest.fixture
def folder(tmp_path: Path, root: Path, pipelines: None) -> Path:
    path = tmp_path / "inbox"
    path.mkdir()
    return path


@pytest.fixture
def inbox(folder: Path) -> Inbox:
    return Inbox(folder, factories.user(), settle_seconds=SETTLE)


def look_twice(inbox: Inbox) -> list[Recording]:
    """See what is there, wait until it has settled, take it."""
    first = inbox.look()
    time.sleep(SETTLE + 0.05)
    return first + inbox.look()


def test_a_whole_file_is_taken_and_moved(inbox: Inbox, folder: Path) -> None:
    sound.wav(folder / "Monday.wav")

    assert inbox.look() == []
    assert inbox.waiting
    time.sleep(SETTLE + 0.05)
    (recording,) = inbox.look()

    assert (recording.title, recording.source, recording.kind) == ("Monday", "inbox", "upload")
    assert recording.status == "ready" or recording.runs.exists()
    assert names(folder) == ["taken/Monday.wav"]
    assert look_twice(inbox) == []


def test_a_growing_file_waits_until_it_stands_still(inbox: Inbox, folder: Path) -> None:
    content = sound.wav_bytes(folder.parent)
    path = folder / "call.wav"
    for n in range(4):
        path.write_bytes(content[: (n + 1) * len(content) // 4])
        assert inbox.look() == []
        time.sleep(SETTLE / 2)

    assert len(look_twice(inbox)) == 1


@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="only Linux tells")
def test_a_file_that_somebody_still_writes_waits(inbox: Inbox, folder: Path) -> None:
    path = sound.wav(folder / "call.wav")
    with open(path, "ab"):
        assert look_twice(inbox) == []
        assert has_writer([path])
    with open(path, "rb"):
        assert not has_writer([path])

    assert len(inbox.look()) == 1


def test_a_folder_is_one_meeting(inbox: Inbox, folder: Path) -> None:
    meeting = folder / "Planning"
    meeting.mkdir()
    sound.wav(meeting / "boris.wav", pitch=300)
    sound.wav(meeting / "anna.wav", pitch=500)
    (meeting / "Thumbs.db").write_bytes(b"x")

    (recording,) = look_twice(inbox)

    assert (recording.title, recording.kind) == ("Planning", "meeting")
    assert list(recording.tracks.values_list("name", flat=True)) == ["anna", "boris"]
    assert "taken/Planning/anna.wav" in names(folder)


def test_what_is_no_sound_goes_aside_with_a_note(inbox: Inbox, folder: Path) -> None:
    (folder / "page.wav").write_text("<html><body>Please sign in</body></html>")
    sound.wav(folder / "good.wav")

    assert len(look_twice(inbox)) == 1

    assert names(folder) == ["rejected/page.wav", "rejected/page.wav.txt", "taken/good.wav"]
    note = (folder / "rejected" / "page.wav.txt").read_text()
    assert "web page" in note
    assert "Get the file again" in note
    assert Recording.objects.count() == 1


def test_a_link_to_something_else_is_not_followed(inbox: Inbox, folder: Path) -> None:
    secret = sound.wav(folder.parent / "secret.wav")
    (folder / "link.wav").symlink_to(secret)
    os.mkfifo(folder / "pipe.wav")

    assert look_twice(inbox) == []

    assert not Recording.objects.exists()
    assert (folder / "rejected" / "link.wav").is_symlink()
    assert (folder / "rejected" / "pipe.wav.txt").exists()
    assert secret.exists()


def test_without_room_it_waits_and_is_taken_later(
    inbox: Inbox, folder: Path, settings: Settings
) -> None:
    sound.wav(folder / "a.wav")
    settings.RECORDINGS = {**settings.RECORDINGS, "disk_reserve_bytes": 1 << 60}
    assert look_twice(inbox) == []
    assert names(folder) == ["a.wav"]

    settings.RECORDINGS = {**settings.RECORDINGS, "disk_reserve_bytes": 0}
    assert len(look_twice(inbox)) == 1


def test_unfinished_and_hidden_names_are_left_alone(inbox: Inbox, folder: Path) -> None:
    for name in ("a.wav.part", ".b.wav", "c.crdownload"):
        sound.wav(folder / name)

    assert look_twice(inbox) == []
    assert not inbox.waiting
    assert len(names(folder)) == 3


def test_after_a_crash_before_the_move_it_is_the_first_recording(
    inbox: Inbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sound.wav(folder / "a.wav")

    def die(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(inbox, "_done", die)
    with pytest.raises(KeyboardInterrupt):
        look_twice(inbox)
    assert path.exists()

    (again,) = look_twice(Inbox(folder, inbox.owner, settle_seconds=SETTLE))

    assert Recording.objects.get() == again
    assert names(folder) == ["taken/a.wav"]


def test_two_files_of_one_name_are_both_kept(inbox: Inbox, folder: Path) -> None:
    for pitch in (300, 400):
        sound.wav(folder / "a.wav", pitch=pitch)
        look_twice(inbox)

    assert names(folder) == ["taken/a (2).wav", "taken/a.wav"]
    assert Recording.objects.count() == 2


def test_delete_instead_of_moving(inbox: Inbox, folder: Path) -> None:
    inbox.delete = True
    (folder / "Talk").mkdir()
    sound.wav(folder / "Talk" / "a.wav")

    assert len(look_twice(inbox)) == 1
    assert list(folder.iterdir()) == []


def test_the_command_takes_what_is_there_and_says_what_is_wrong(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = factories.user()
    sound.wav(folder / "a.wav")
    at = ["watch_inbox", "--folder", folder]

    call_command(*at, "--owner", owner.username, "--once", "--settle", "0.1")

    assert capsys.readouterr().out.strip() == str(Recording.objects.get().pk)
    with pytest.raises(CommandError, match="SAI_INBOX_OWNER"):
        call_command(*at, "--owner", "nobody")
    with pytest.raises(CommandError, match="SAI_INBOX"):
        call_command("watch_inbox", "--owner", owner.username)


@pytest.fixture
def watcher(folder: Path, settings: Settings) -> Callable[[str], subprocess.Popen[bytes]]:
    name = settings.DATABASES["default"]["NAME"]
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"

    def start(owner: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "watch_inbox", "--folder", str(folder)]
        return subprocess.Popen(
            [*command, "--owner", owner, "--settle", "0.2"],
            env={**os.environ, "DATABASE_URL": url, "SAI_STORAGE": str(folder.parent / "other")},
        )

    return start


def test_the_process_stops_when_asked(
    folder: Path, watcher: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    process = watcher(factories.user().username)
    try:
        sound.wav(folder / "a.wav")
        deadline = time.monotonic() + 20
        while not (folder / "taken" / "a.wav").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert (folder / "taken" / "a.wav").exists()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    finally:
        process.kill()
