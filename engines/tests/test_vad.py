"""Where somebody speaks: the sample's voices are found, noise and silence are not."""

import itertools
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from engines import vad
from engines.media import reading

RATE = 16_000
MEETING = Path(__file__).resolve().parents[2] / "samples" / "meeting"


@pytest.fixture(scope="module")
def voice(tmp_path_factory) -> np.ndarray:
    """Twelve seconds of a real voice of the shipped meeting."""
    tracks = sorted(MEETING.glob("*.opus"))
    out = tmp_path_factory.mktemp("voice") / "pcm"
    reading.decode(tracks[0], out)
    pcm = np.array(reading.read_pcm(out))
    first = int(vad.speech_regions(pcm)[0].start * RATE)
    return pcm[first : first + 12 * RATE]


def _noise(seconds: float, strength: float) -> np.ndarray:
    return np.random.default_rng(1).normal(0, strength, int(seconds * RATE)).astype(np.float32)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(30 * RATE, np.int16),
        np.zeros(30 * RATE, np.float32),
        _noise(30, 0.0005),
        _noise(30, 0.02),
        _noise(30, 0.3),
        np.convolve(_noise(30, 0.3), np.ones(60) / 60, "same").astype(np.float32),
        (0.2 * np.sin(np.arange(30 * RATE) * 2 * np.pi * 50 / RATE)).astype(np.float32),
        np.zeros(0, np.float32),
        _noise(0.01, 0.1),
    ],
    ids=["silence", "silence-f", "faint", "hiss", "loud", "rumble", "hum", "nothing", "click"],
)
def test_silence_and_noise_have_no_region(sound):
    assert vad.speech_regions(sound) == []


def test_a_voice_between_silences_is_one_stretch_with_room_about_it(voice):
    quiet = np.zeros(5 * RATE, np.int16)
    regions = vad.speech_regions(np.concatenate([quiet, voice[: 3 * RATE], quiet]))
    assert regions
    assert regions[0].start == pytest.approx(4.7, abs=0.35)
    assert regions[-1].end <= 8.5
    assert all(one.end <= two.start for one, two in itertools.pairwise(regions))


def test_int16_and_float_give_the_same_and_stay_as_they_were(voice):
    as_float = voice.astype(np.float32) / 32768
    before = as_float.copy()
    assert vad.speech_regions(as_float) == vad.speech_regions(voice)
    assert np.array_equal(as_float, before)


def test_hours_are_looked_at_in_parts_without_a_seam(voice, monkeypatch):
    """Speech lies across the edge of a part (here of a minute): its region is not cut there."""
    monkeypatch.setattr(vad, "_PART", 1_875)
    edge = vad._PART * vad.FRAME
    across, before = edge - 6 * RATE, edge - 40 * RATE

    def found(start: int) -> list[tuple[float, float]]:
        track = np.random.default_rng(2).normal(0, 40, edge + 20 * RATE).astype(np.int16)
        track[start : start + len(voice)] = voice
        shift = start / RATE
        return [(one.start - shift, one.end - shift) for one in vad.speech_regions(track)]

    one, two = found(across), found(before)
    assert len(one) == len(two) > 0
    assert np.allclose(one, two, atol=0.1)


def test_silent_hours_cost_nothing_and_memory_stays_small():
    track = np.zeros(3 * 3600 * RATE, np.int16)
    vad.speech_regions(track[:RATE])
    tracemalloc.start()
    began = time.monotonic()
    assert vad.speech_regions(track) == []
    assert time.monotonic() - began < 3
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_two_channels_at_once_are_refused():
    with pytest.raises(ValueError, match="one channel"):
        vad.speech_regions(np.zeros((100, 2), np.int16))
