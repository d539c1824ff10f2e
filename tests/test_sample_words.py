"""The shipped meeting: small, complete, and understood by the engine that needs no download."""

import json
import re
from pathlib import Path

import jiwer
import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from engines.stt.registry import get_transcriber
from engines.vad import RATE, speech_regions

FOLDER = Path(__file__).parent.parent / "samples" / "meeting"
GOLD = json.loads((FOLDER / "gold.json").read_text(encoding="utf-8"))
SPEAKERS = ("Alice", "Boris", "Clara")
WORST_WORD_ERROR_RATE = 0.10


def spoken_words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def gold_words(speaker: str) -> str:
    return " ".join(
        spoken_words(line["text"]) for line in GOLD["lines"] if line["speaker"] == speaker
    )


def track(speaker: str) -> np.ndarray:
    return decode_audio(str(FOLDER / f"{speaker.lower()}.opus"), sampling_rate=RATE)


def recognised_words(pcm: np.ndarray) -> str:
    heard = get_transcriber("pocketsphinx").transcribe(
        pcm,
        regions=speech_regions(pcm),
        language="en",
        on_progress=lambda seconds: None,
        check=lambda: None,
    )
    return " ".join(spoken_words(segment.text) for segment in heard.segments)


def test_pocketsphinx_understands_the_tracks() -> None:
    said = [gold_words(speaker) for speaker in SPEAKERS]
    heard = [recognised_words(track(speaker)) for speaker in SPEAKERS]
    errors = jiwer.process_words(said, heard)
    print(f"word error rate of the sample's tracks: {errors.wer:.3f}")
    assert sum(len(text.split()) for text in said) > 250
    assert errors.wer <= WORST_WORD_ERROR_RATE


def test_the_tracks_are_one_meeting() -> None:
    sounds = {speaker: track(speaker) for speaker in SPEAKERS}
    mixed = decode_audio(str(FOLDER / "mixed.opus"), sampling_rate=RATE)
    assert {len(sound) for sound in sounds.values()} == {len(mixed)}
    assert len(mixed) / RATE == pytest.approx(GOLD["duration"], abs=0.05)
    assert 105 <= GOLD["duration"] <= 125
    together = np.corrcoef(sum(sounds.values()), mixed)[0, 1]
    assert together > 0.95


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_gold_times_are_where_the_speaker_is_heard(speaker: str) -> None:
    regions = speech_regions(track(speaker))
    spoken = [line for line in GOLD["lines"] if line["speaker"] == speaker]
    for line in spoken:
        assert any(r.start <= line["start"] + 0.1 and line["end"] <= r.end + 0.1 for r in regions)
    assert sum(region.seconds for region in regions) < sum(
        line["end"] - line["start"] + 0.7 for line in spoken
    )


def test_one_track_is_silent_for_a_long_stretch() -> None:
    assert speech_regions(track("Clara"))[0].start > 30


def test_the_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.parent.rglob("*.*")) < 800 * 1024
