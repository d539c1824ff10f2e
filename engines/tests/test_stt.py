"""The getter, the default's choices, PocketSphinx in its process, the stand-in, the windows."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from engines import models, vad
from engines.errors import EngineError, EngineUnavailable
from engines.media import reading
from engines.stt import windows
from engines.stt.auto import Auto
from engines.stt.base import Word
from engines.stt.fake import Fake, fingerprint
from engines.stt.pocketsphinx import PocketSphinx
from engines.stt.registry import TRANSCRIBERS, get_transcriber
from engines.tests import tiny_whisper
from engines.vad import Region

RATE = 16_000
MEETING = Path(__file__).resolve().parents[2] / "samples" / "meeting"
NOISE = np.random.default_rng(3).normal(0, 0.05, 60 * RATE).astype(np.float32)


def _hear(engine, pcm, regions, *, language=None, check=lambda: None):
    seen: list[float] = []
    heard = engine.transcribe(
        pcm, regions=regions, language=language, on_progress=seen.append, check=check
    )
    return heard, seen


@pytest.fixture(scope="module")
def sphinx():
    engine = PocketSphinx()
    yield engine
    engine._stop()


def test_every_engine_of_the_table_can_be_made_and_says_where_data_goes():
    for name in TRANSCRIBERS:
        engine = get_transcriber(name, whisper_model="small", device="cpu")
        assert engine.name == name
        assert engine.capabilities.leaves_premises is False


def test_an_unknown_engine_names_the_known_ones():
    with pytest.raises(EngineUnavailable) as refused:
        get_transcriber("dictaphone")
    assert refused.value.code == "unknown_engine"
    assert "pocketsphinx" in refused.value.next_action


def test_the_default_takes_whisper_when_its_model_is_there(tmp_path):
    auto = Auto(whisper_model="toy", models_dir=tmp_path, device="cpu", fetch=False)
    assert auto.choose(None).name == "pocketsphinx"
    assert auto.capabilities.languages == {"en"}
    tiny_whisper.build(tmp_path / "toy")
    assert auto.choose("ru").name == "faster-whisper"
    assert auto.capabilities.languages is None


def test_the_default_refuses_another_language_with_the_one_command(tmp_path):
    auto = Auto(whisper_model="large-v3-turbo", models_dir=tmp_path, fetch=False)
    with pytest.raises(EngineUnavailable) as refused:
        _hear(auto, NOISE, [Region(0, 5)], language="ru")
    assert refused.value.code == "model_missing"
    assert refused.value.next_action == "Run: python manage.py models download large-v3-turbo"
    assert list(tmp_path.iterdir()) == []


def test_the_network_is_asked_at_most_once_in_ten_minutes(tmp_path, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(models, "can_be_fetched", lambda name: asked.append(name) or False)
    auto = Auto(whisper_model="small", models_dir=tmp_path)
    for _ in range(5):
        assert auto.choose("en").name == "pocketsphinx"
    assert asked == ["small"]


def test_an_english_guess_is_said(tmp_path):
    auto = Auto(whisper_model="none-such", models_dir=tmp_path, fetch=False)
    assert _hear(auto, NOISE, [])[0].engine == "pocketsphinx en-us (English assumed)"
    assert _hear(auto, NOISE, [], language="en")[0].engine == "pocketsphinx en-us"


def test_a_real_voice_becomes_words_with_times(sphinx, tmp_path):
    tracks = sorted(MEETING.glob("*.opus"))
    reading.decode(tracks[0], tmp_path / "pcm")
    pcm = reading.read_pcm(tmp_path / "pcm")
    regions = vad.speech_regions(pcm)[:1]
    heard, seen = _hear(sphinx, pcm, regions, language="en")
    assert len(seen) >= len(regions)
    words = [word for segment in heard.segments for word in segment.words]
    assert len(words) > 3
    for word in words:
        assert regions[0].start <= word.start < word.end <= regions[-1].end
        assert 0 <= word.confidence <= 1
        assert word.word.replace("'", "").replace(".", "").replace("_", "").isalpha()


def test_pocketsphinx_refuses_what_it_does_not_know(sphinx):
    with pytest.raises(EngineUnavailable) as refused:
        _hear(sphinx, NOISE, [Region(0, 5)], language="ru")
    assert refused.value.code == "language_not_supported"


def test_a_cancel_stops_pocketsphinx_in_the_middle_of_a_region(sphinx):
    class Cancelled(Exception):
        pass

    asked: list[float] = []

    def check():
        asked.append(time.monotonic())
        if len(asked) > 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        _hear(sphinx, NOISE, [Region(0, 60)], check=check)
    assert sphinx._process is None
    assert _hear(sphinx, NOISE, [Region(0, 1)])[1] == [1]


def test_a_killed_pocketsphinx_is_retryable_and_comes_back(sphinx):
    _hear(sphinx, NOISE, [Region(0, 1)])
    pid = sphinx._process.pid
    with pytest.raises(EngineError) as lost:
        _hear(sphinx, NOISE, [Region(0, 30)], check=lambda: os.kill(pid, signal.SIGKILL))
    assert (lost.value.code, lost.value.retryable) == ("engine_lost", True)
    assert _hear(sphinx, NOISE, [Region(0, 1)])[1] == [1]
    assert sphinx._process.pid != pid
    assert not psutil.pid_exists(pid)


def test_the_model_of_pocketsphinx_is_loaded_once(sphinx):
    _hear(sphinx, NOISE, [Region(0, 1)])
    pid = sphinx._process.pid
    _hear(sphinx, NOISE, [Region(0, 0.5), Region(2, 2.5)])
    assert sphinx._process.pid == pid


def test_the_stand_in_is_deterministic_and_takes_the_time_it_is_told():
    regions = [Region(1, 3), Region(10, 14)]
    one, seen = _hear(Fake(), NOISE, regions)
    two, _ = _hear(Fake(), NOISE, regions)
    assert one == two
    assert seen == [2, 6]
    assert len([word for segment in one.segments for word in segment.words]) == 16
    began = time.monotonic()
    _hear(Fake(fake_speed=20), NOISE, regions)
    assert 0.3 <= time.monotonic() - began < 1.5


def test_the_stand_in_says_what_its_script_holds_for_the_track():
    engine = Fake(fake_script={fingerprint(NOISE): "good morning everybody and welcome"})
    heard, _ = _hear(engine, NOISE, [Region(0, 1), Region(5, 6)])
    assert " ".join(segment.text for segment in heard.segments) == (
        "good morning everybody and welcome"
    )
    assert _hear(engine, NOISE[:RATE], [Region(0, 1)])[0].segments == ()


@pytest.mark.parametrize(
    ("fail", "retryable"), [("retryable", True), ("final", False), ("after:1", True)]
)
def test_the_stand_in_fails_as_it_is_told(fail, retryable):
    with pytest.raises(EngineError) as failed:
        _hear(Fake(fake_fail=fail), NOISE, [Region(0, 1), Region(2, 3)])
    assert failed.value.retryable is retryable


def test_the_stand_in_that_fails_once_works_then():
    engine = Fake(fake_fail="once")
    with pytest.raises(EngineError):
        _hear(engine, NOISE, [Region(0, 1)])
    assert _hear(engine, NOISE, [Region(0, 1)])[0].segments


def test_long_speech_is_cut_where_it_is_quiet():
    pcm = NOISE.copy()
    pcm[int(22 * RATE) : int(22.5 * RATE)] = 0
    pieces = windows.split(pcm, [Region(0, 60)], longest_s=29)
    assert pieces[0].end == pytest.approx(22.25, abs=0.2)
    assert [piece.start for piece in pieces[1:]] == [piece.end for piece in pieces[:-1]]
    assert all(0 < piece.seconds <= 29 for piece in pieces)
    assert pieces[-1].end == 60


def test_short_regions_share_a_window_and_find_their_way_back():
    regions = [Region(number * 10.0, number * 10.0 + 2) for number in range(6)]
    packed = windows.pack(NOISE, regions, longest_s=9)
    assert [len(window.pieces) for window in packed] == [4, 2]
    assert len(packed[0].sound(NOISE)) == 8 * RATE
    assert packed[0].to_track(0.5, 1.0) == (0.5, 1.0)
    assert packed[0].to_track(2.1, 2.5) == (10.1, 10.5)
    assert packed[0].to_track(1.8, 2.6) == (10.0, 10.6)
    assert packed[1].to_track(3.5, 9.0) == (51.5, 52.0)


def test_phrases_end_at_pauses_and_sentences():
    words = [
        Word("Good", 0, 0.3), Word("morning.", 0.3, 0.6), Word("We", 0.7, 0.8),
        Word("begin", 0.8, 1.0), Word("later", 3.0, 3.3),
    ]  # fmt: skip
    said = [" ".join(word.word for word in phrase) for phrase in windows.phrases(words)]
    assert said == ["Good morning.", "We begin", "later"]
