"""Files become recordings: whole, once, or not at all."""

import shutil
import threading
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from common.errors import Invalid, StorageFull, TooLarge, Unprocessable, UnsupportedMedia
from notifications.models import Event
from recordings import services
from recordings.models import Recording, Run, StoredFile, Track
from recordings.storage import files
from recordings.tests import factories, sound
from recordings.tests.doors import names, nothing_was_kept

pytestmark = pytest.mark.django_db(transaction=True)


def one(path: Path, track_name: str = "") -> services.IncomingFile:
    return services.IncomingFile(path, path.name, track_name)


def test_a_file_becomes_a_recording_and_stays_as_it_was(root: Path, tmp_path: Path) -> None:
    path = sound.wav(tmp_path / "Team meeting.wav", seconds=2)
    owner = factories.user()

    recording, created = services.receive(owner, [one(path)], language="EN", process=False)

    assert created
    assert recording.title == "Team meeting"
    assert (recording.language, recording.status) == ("en", "ready")
    assert recording.duration == pytest.approx(2)
    track = recording.tracks.get()
    assert (track.name, track.format, track.status) == ("", "wav", "stored")
    uid = str(track.file.uid)
    with files.local_path(track.file) as kept:
        assert kept.read_bytes() == path.read_bytes()
        assert kept == root / uid[:2] / uid[2:4] / uid[4:6] / uid
    assert names(root / "incoming") == []
    assert Event.objects.get(type="recording.created").topic == f"recording:{recording.pk}"
    assert not Run.objects.exists()


def test_several_files_are_the_tracks_of_one_meeting(
    pipelines: None, root: Path, tmp_path: Path
) -> None:
    given = [
        one(sound.wav(tmp_path / "anna.wav", seconds=1, pitch=300)),
        one(sound.wav(tmp_path / "two.wav", seconds=3, pitch=500), "Boris\u202e\x07  B."),
    ]

    recording, _ = services.receive(factories.user(), given, kind="meeting", pipeline="long")

    assert list(recording.tracks.values_list("position", "name")) == [(0, "anna"), (1, "Boris B.")]
    assert recording.duration == pytest.approx(3)
    run = Run.objects.get()
    assert (run.pipeline, run.steps.filter(track__isnull=False).count()) == ("long", 2)
    assert Recording.objects.get().status == "processing"


def test_the_same_bytes_again_are_the_first_recording(root: Path, tmp_path: Path) -> None:
    a = sound.wav(tmp_path / "a.wav", pitch=300)
    b = sound.wav(tmp_path / "b.wav", pitch=500)
    owner, other = factories.user(), factories.user()
    first, _ = services.receive(owner, [one(a), one(b)], process=False)

    again, created = services.receive(owner, [one(b), one(a)], title="New", process=False)
    elsewhere, theirs = services.receive(other, [one(a), one(b)], process=False)
    part, new = services.receive(owner, [one(a)], process=False)

    assert (again.pk, created, again.title) == (first.pk, False, "")
    assert theirs
    assert new
    assert len({first.pk, elsewhere.pk, part.pk}) == 3
    assert len(names(root)) == StoredFile.objects.count() == 5


def test_eight_at_once_with_the_same_bytes_make_one(
    pipelines: None, root: Path, tmp_path: Path
) -> None:
    path = sound.wav(tmp_path / "a.wav")
    owner = factories.user()
    start, answers = threading.Barrier(8), []

    def send() -> None:
        start.wait()
        try:
            answers.append(services.receive(owner, [one(path)]))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({recording.pk for recording, _ in answers}) == 1
    assert [created for _, created in answers].count(True) == 1
    assert len(answers) == 8
    assert (Run.objects.count(), Track.objects.count(), len(names(root))) == (1, 1, 1)


BAD = {
    "page.wav": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "markup_html"),
    "list.mp3": (b"ffconcat version 1.0\nfile ../other/rec.mp3\n", "playlist_concat"),
    "list.m3u8": (b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n", "playlist_hls"),
    "empty.ogg": (b"", "empty"),
    "noise.bin": (bytes(range(256)) * 20, "unknown_format"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_sound_is_refused_with_the_reason(
    pipelines: None, root: Path, tmp_path: Path, name: str
) -> None:
    content, code = BAD[name]
    (tmp_path / name).write_bytes(content)
    good = one(sound.wav(tmp_path / "good.wav"))

    with pytest.raises(UnsupportedMedia) as refused:
        services.receive(factories.user(), [good, one(tmp_path / name)])

    assert refused.value.code == code
    assert refused.value.details["file"] == name
    assert refused.value.next_action
    assert nothing_was_kept(root)
    assert not Event.objects.exists()


def test_sound_that_cannot_be_used_is_another_verdict(root: Path, tmp_path: Path) -> None:
    path = sound.wav(tmp_path / "choir.wav", seconds=0.2, channels=20)

    with pytest.raises(Unprocessable) as refused:
        services.receive(factories.user(), [one(path)])

    assert (refused.value.status, refused.value.code) == (422, "too_many_channels")
    assert nothing_was_kept(root)


@pytest.mark.parametrize(
    ("field", "value"), [("kind", "opera"), ("pipeline", "nowhere"), ("language", "klingon")]
)
def test_a_wrong_word_is_answered_with_the_right_ones(
    root: Path, tmp_path: Path, field: str, value: str
) -> None:
    path = sound.wav(tmp_path / "a.wav")

    with pytest.raises(Invalid) as refused:
        services.receive(factories.user(), [one(path)], **{field: value})

    assert refused.value.details["allowed"]
    assert nothing_was_kept(root)


def test_a_file_over_the_limit_is_not_even_copied(
    root: Path, tmp_path: Path, settings: Settings
) -> None:
    settings.RECORDINGS = {**settings.RECORDINGS, "upload_limit_bytes": 1000}

    with pytest.raises(TooLarge):
        services.receive(factories.user(), [one(sound.wav(tmp_path / "a.wav"))])

    assert nothing_was_kept(root)


def test_below_the_reserve_nothing_is_taken_and_nothing_lost(
    root: Path, tmp_path: Path, settings: Settings
) -> None:
    path = sound.wav(tmp_path / "a.wav")
    owner = factories.user()
    free = shutil.disk_usage(tmp_path).free
    settings.RECORDINGS = {**settings.RECORDINGS, "disk_reserve_bytes": free * 2}

    with pytest.raises(StorageFull):
        services.receive(owner, [one(path)])
    assert nothing_was_kept(root)

    settings.RECORDINGS = {**settings.RECORDINGS, "disk_reserve_bytes": 0}
    _, created = services.receive(owner, [one(path)], process=False)
    assert created


def test_when_the_rows_cannot_be_written_no_bytes_stay(root: Path, tmp_path: Path) -> None:
    path = sound.wav(tmp_path / "a.wav")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE recordings_track ADD CONSTRAINT no_more CHECK (position < 0)")
    try:
        with pytest.raises(Exception, match="no_more"):
            services.receive(factories.user(), [one(path)])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE recordings_track DROP CONSTRAINT no_more")

    assert nothing_was_kept(root)
    assert not Event.objects.exists()
