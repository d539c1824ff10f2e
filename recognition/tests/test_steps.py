"""From stored sound to a transcript, by the real steps: prepare, hear, assemble."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from common.errors import Invalid
from engines.media import encode
from notifications.models import Event
from recognition import selectors, sound
from recognition.models import TrackWords
from recordings import services, tasks
from recordings.models import Recording
from recordings.tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
SAMPLE: Path = django_settings.SAMPLE_DIR


@pytest.fixture(autouse=True)
def place(settings: Settings, tmp_path: Path) -> None:
    """Storage and scratch of this test alone; the stand-in engine."""
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        "storage": str(tmp_path / "fs"),
        "disk_reserve_bytes": 0,
        "retry_pace": 0.01,
    }
    settings.VAR_DIR = tmp_path / "var"
    settings.RECOGNITION = {**settings.RECOGNITION, "engine": "fake"}


def take_in(*paths: Path, **options: object) -> Recording:
    files = [
        services.IncomingFile(source=path, name=path.name, track_name=path.stem) for path in paths
    ]
    recording, _ = services.receive(
        factories.user(),
        files,
        pipeline="transcribe",
        **options,  # type: ignore[arg-type]
    )
    return recording


def drain(recording: Recording) -> Recording:
    while sum(tasks.drain(queue) for queue in ("cpu", "gpu", "llm")):
        pass
    recording.refresh_from_db()
    return recording


def write(path: Path, samples: np.ndarray) -> Path:
    encode.write_wav(path, samples.astype(np.int16))
    return path


def test_tracks_become_lines_of_their_speakers() -> None:
    recording = drain(take_in(SAMPLE / "alice.opus", SAMPLE / "clara.opus"))
    assert (recording.status, recording.error) == ("done", None)
    assert recording.duration == pytest.approx(111.8, abs=0.5)
    transcript = selectors.transcript_of(recording)
    assert transcript is not None
    lines = list(selectors.phrases_of(transcript))
    assert {line.speaker for line in lines} == {"alice", "clara"}
    assert [line.start for line in lines] == sorted(line.start for line in lines)
    assert all(line.words and line.end > line.start for line in lines)
    assert Event.objects.filter(type="transcript.ready").count() == 1
    assert list(sound.folder().iterdir()) == []  # decoded copies are gone


def test_only_speech_is_heard(settings: Settings) -> None:
    """Clara is silent for long: the engine gets her regions and nothing else."""
    recording = drain(take_in(SAMPLE / "clara.opus"))
    track = recording.tracks.get()
    assert track.speech is not None
    assert 20 < track.speech < 32
    heard = TrackWords.objects.get().segments
    assert sum(one["end"] - one["start"] for one in heard) <= track.speech + 0.1
    for one in heard:
        assert any(start - 0.01 <= one["start"] <= end for start, end in track.regions)


@pytest.mark.parametrize("loud", [0, 40])
def test_a_silent_or_noisy_track_gives_no_line(tmp_path: Path, loud: int) -> None:
    noise = np.random.default_rng(1).normal(0, loud, 16000 * 20)
    quiet = write(tmp_path / "quiet.wav", noise)
    recording = drain(take_in(SAMPLE / "alice.opus", quiet))
    transcript = selectors.transcript_of(recording)
    assert transcript is not None
    assert {line.speaker for line in transcript.phrases.all()} == {"alice"}
    statuses = recording.runs.get().steps.filter(track__name="quiet").values_list("step", "status")
    assert dict(statuses)["recognition.steps.Transcribe"] == "skipped"


def test_all_silent_is_a_transcript_without_lines(tmp_path: Path) -> None:
    recording = drain(take_in(write(tmp_path / "quiet.wav", np.zeros(16000 * 5))))
    transcript = selectors.transcript_of(recording)
    assert transcript is not None
    assert (recording.status, transcript.phrases.count()) == ("done", 0)


def test_running_again_adds_a_version_and_chosen_tracks_keep_the_others() -> None:
    recording = drain(take_in(SAMPLE / "alice.opus", SAMPLE / "clara.opus"))
    alice = recording.tracks.get(name="alice")
    services.process(recording, pipeline="transcribe", tracks=[alice.pk])
    drain(recording)
    versions = list(recording.transcripts.order_by("version"))
    assert [one.version for one in versions] == [1, 2]
    for version in versions:
        assert {line.speaker for line in version.phrases.all()} == {"alice", "clara"}


def test_a_file_that_vanished_fails_with_what_to_do(tmp_path: Path) -> None:
    recording = take_in(SAMPLE / "clara.opus")
    shutil.rmtree(tmp_path / "fs")
    drain(recording)
    for _ in range(20):
        if recording.status != "processing":
            break
        drain(recording)
    assert recording.status == "failed"
    assert recording.error["code"]
    assert recording.error["message"]


def test_an_unknown_engine_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as refused:
        take_in(SAMPLE / "clara.opus", params={"engine": "nonsense"})
    assert refused.value.code == "unknown_engine"
    assert "pocketsphinx" in refused.value.next_action
    assert not Recording.objects.exists()
