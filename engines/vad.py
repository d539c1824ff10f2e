"""Where somebody speaks: Silero's network from faster-whisper behind a gate of loudness.

Bounded memory for hours of sound: probabilities are computed ten minutes at a time with a second
of overlap before each part, and regions are formed over the whole track afterwards, so none is
cut at a part's edge.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

RATE = 16_000
FRAME = 512
"""Samples of one decision: 32 ms."""

_PART = 20_000
_WARM_UP = 32
_FLOOR = 10.0 ** (-66 / 20)
"""-66 dBFS: below it the largest sample of a second is dither, not a voice."""


@dataclass(frozen=True)
class Region:
    """A stretch of speech, in seconds of the track."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class VadOptions:
    """Seconds and probabilities. The defaults are what pocketsphinx needs (WER 0.05; with no
    padding 0.10, without VAD 0.33 to 0.42) and they suit Whisper too.

    `min_peak`: a region whose probability never gets above this is noise, not speech.
    """

    threshold: float = 0.5
    release: float = 0.35
    min_silence_s: float = 0.5
    min_speech_s: float = 0.1
    pad_s: float = 0.3
    min_peak: float = 0.6


def speech_regions(pcm: np.ndarray, options: VadOptions | None = None) -> list[Region]:
    """Regions of speech of a mono 16 kHz track (int16, or float32 from -1 to 1), in order.

    Never touches `pcm`. Silence and noise give an empty list. About 0.002 s per second of sound,
    nothing for digital silence.
    """
    options = options or VadOptions()
    if pcm.ndim != 1:
        raise ValueError("one channel at a time")
    probabilities = speech_probabilities(pcm)
    found = _stretches(probabilities, options)
    return _padded(found, len(pcm) / RATE, options.pad_s)


def speech_probabilities(pcm: np.ndarray) -> np.ndarray:
    """float32, one per frame of 512 samples (the last one padded); 0 where it is silent."""
    frames = -(-len(pcm) // FRAME)
    probabilities = np.zeros(frames, np.float32)
    for first, last in _loud_parts(pcm, frames):
        begin = max(0, first - _WARM_UP)
        sound = _as_float(pcm[begin * FRAME : last * FRAME])
        padded = np.zeros((last - begin) * FRAME, np.float32)
        padded[: len(sound)] = sound
        probabilities[first:last] = np.ravel(_network()(padded))[first - begin :]
    return probabilities


def _loud_parts(pcm: np.ndarray, frames: int) -> list[tuple[int, int]]:
    """Runs of frames (at most ten minutes each) that are louder than the floor, a second about."""
    second = RATE // FRAME + 1
    loud = np.zeros(frames, bool)
    scale = 32768.0 if pcm.dtype == np.int16 else 1.0
    for at in range(0, frames, second):
        piece = pcm[at * FRAME : (at + second) * FRAME]
        if max(float(piece.max()), -float(piece.min())) / scale > _FLOOR:
            loud[max(0, at - second) : at + 2 * second] = True
    edges = np.flatnonzero(np.diff(np.concatenate(([False], loud, [False]))))
    return [
        (first, min(first + _PART, int(stop)))
        for start, stop in edges.reshape(-1, 2)
        for first in range(int(start), int(stop), _PART)
    ]


def _as_float(samples: np.ndarray) -> np.ndarray:
    if samples.dtype == np.int16:
        return samples.astype(np.float32) / 32768.0
    return samples


def _stretches(probabilities: np.ndarray, options: VadOptions) -> list[Region]:
    """Hysteresis: begin at `threshold`, end after `min_silence_s` below `release`."""
    step = FRAME / RATE
    patience = options.min_silence_s / step
    found: list[Region] = []
    begin, last = -1, -1
    for index in np.flatnonzero(probabilities >= options.release):
        if begin >= 0 and index - last > patience:
            _keep(found, probabilities, begin, last, options)
            begin = -1
        if begin < 0:
            if probabilities[index] < options.threshold:
                continue
            begin = int(index)
        last = int(index)
    if begin >= 0:
        _keep(found, probabilities, begin, last, options)
    return found


def _keep(
    found: list[Region], probabilities: np.ndarray, begin: int, last: int, options: VadOptions
) -> None:
    step = FRAME / RATE
    region = Region(begin * step, (last + 1) * step)
    loudest = float(probabilities[begin : last + 1].max())
    if region.seconds >= options.min_speech_s and loudest >= options.min_peak:
        found.append(region)


def _padded(found: list[Region], length_s: float, pad_s: float) -> list[Region]:
    """Room before and after; neighbours share the silence between them."""
    padded: list[Region] = []
    for index, region in enumerate(found):
        before = found[index - 1].end if index else 0.0
        after = found[index + 1].start if index + 1 < len(found) else length_s
        left = min(pad_s, (region.start - before) / (2 if index else 1))
        right = min(pad_s, (after - region.end) / (2 if index + 1 < len(found) else 1))
        padded.append(Region(round(region.start - left, 3), round(region.end + right, 3)))
    return padded


@cache
def _network() -> Any:
    """Loaded once per process, on first use. Its `__call__` zeroes the last 64 samples it is
    given: it only ever gets our copy."""
    from faster_whisper.vad import get_vad_model

    return get_vad_model()
