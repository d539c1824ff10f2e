"""Tell a voice from its echo: the same loudness pattern, later and quieter, in another track.

Words can't tell: an echo is often heard as other words, and people do repeat each other. Sound can:
what a loudspeaker gives back follows its source in every band, up to 0.4 s late, and is quieter. A
person who speaks at the same time, or says the same later, follows nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.assembly.envelope import (
    BANDS,
    FLOOR_DECIBEL,
    HOP_SECONDS,
    STEPS_PER_DECIBEL,
    Envelope,
)

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BleedOptions:
    """What counts as an echo.

    `likeness`: least correlation (0..1) of the two patterns over `window` seconds. On the sample
    meeting echoes at -12 to -26 dB in a room gave 0.73 to 0.9, people speaking at once up to
    0.64.
    `quieter`: decibels that an echo is at least below its source. `latest`: seconds that it may be
    late; `earliest` is below zero because the tracks' beginnings are not known exactly.
    `steady`: decibels by which an echo may rise above its usual distance from the source.
    `silence`: decibels below full scale under which nobody is heard. `share`: how much of a word's
    loudness must be echo.
    """

    likeness: float = 0.68
    quieter: float = 6.0
    window: float = 1.5
    earliest: float = -0.04
    latest: float = 0.42
    steady: float = 6.0
    silence: float = -75.0
    share: float = 0.5


DEFAULT = BleedOptions()

# Power to 0.3 is about how loud a sound is to the ear: neither the loudest vowel nor the noise
# between words decides alone. 0.3 gave the widest gap between echoes and voices in noise.
_LOUDNESS_OF_POWER = 0.3
_LEVELS = np.arange(256, dtype=np.float32) / STEPS_PER_DECIBEL + FLOOR_DECIBEL
_POWER = np.where(np.arange(256) > 0, 10 ** (_LEVELS / 10), 0).astype(np.float32)

# Decibels per frame: a reverberation of 0.6 s, that of a bare meeting room.
_FADE_DECIBEL = 2.0


@dataclass(frozen=True, slots=True)
class Other:
    """Another track: its envelope, and the second of the suspected track at which it begins."""

    envelope: Envelope
    begins: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class EchoShare:
    """How much of the loudness of a stretch is echo; ask for any part of it."""

    first: int
    echo: Doubles
    whole: Doubles
    enough: float

    def between(self, start: float, end: float) -> float | None:
        """Return the share, 0..1, from `start` to `end` (seconds of the track); None: silent."""
        last = len(self.whole) - 1
        begin = min(max(round(start / HOP_SECONDS) - self.first, 0), last - 1)
        stop = min(max(round(end / HOP_SECONDS) - self.first, begin + 1), last)
        whole = self.whole[stop] - self.whole[begin]
        return float((self.echo[stop] - self.echo[begin]) / whole) if whole > 0 else None

    def is_echo(self, start: float, end: float) -> bool | None:
        """Tell if that part is an echo; None if nothing is heard there."""
        share = self.between(start, end)
        return None if share is None else share >= self.enough


def is_bleed(
    own: Envelope,
    others: Sequence[Other],
    start: float,
    end: float,
    options: BleedOptions = DEFAULT,
) -> bool:
    """Tell if what is heard in `own` from `start` to `end` is only an echo of the others."""
    share = echo_share(own, others, start, end, options)
    return share is not None and bool(share.is_echo(start, end))


def echo_share(
    own: Envelope,
    others: Sequence[Other],
    start: float,
    end: float,
    options: BleedOptions = DEFAULT,
) -> EchoShare | None:
    """Measure echo in `own` from `start` to `end` (its seconds); None if the others are silent.

    A loudspeaker plays all the others, so their sum is the suspected source. Room is left around
    the stretch: a short word is judged together with the silence or the voice around it.
    """
    margin = round(options.window / HOP_SECONDS / 2)
    first = round(start / HOP_SECONDS)
    begin, frames = first - margin, max(round(end / HOP_SECONDS) - first, 1) + 2 * margin
    early, late = round(options.earliest / HOP_SECONDS), round(options.latest / HOP_SECONDS)
    source = _sum_of(others, begin - late, frames + late - early)
    if _level(source).max() < options.silence:
        return None
    mine = _POWER[_cut(own, begin, frames)]
    level, loudness = _level(mine), mine**_LOUDNESS_OF_POWER
    source_level = _fading(_level(source))
    limit = np.maximum(source_level - options.quieter, options.silence)
    # An echo `lag` frames late stands beside row `late - lag` of the source. Where it is as loud
    # as the source, somebody speaks himself: those frames say nothing about an echo.
    shifts = [slice(late - lag, late - lag + frames) for lag in range(early, late + 1)]
    source_loudness = source**_LOUDNESS_OF_POWER
    patterns = [source_loudness[shift] for shift in shifts]
    weights = [level <= limit[shift] for shift in shifts]
    best = max(
        range(len(shifts)), key=lambda at: _alike_overall(loudness, patterns[at], weights[at])
    )
    alike = _alike_around(loudness, patterns[best], weights[best], 2 * margin + 1)
    echo = weights[best] & (alike >= options.likeness)
    below = source_level[shifts[best]] - level
    echo &= ~_stands_out(below, echo & (level > options.silence), options.steady)
    inside = slice(margin, frames - margin)
    heard = np.where(level > options.silence, loudness.sum(axis=1), 0)[inside]
    return EchoShare(first, _running(heard * echo[inside]), _running(heard), options.share)


def _cut(envelope: Envelope, begin: int, frames: int) -> Envelope:
    """Return frames of the envelope; silence where it has none."""
    cut = np.zeros((frames, BANDS), np.uint8)
    low, high = max(begin, 0), min(begin + frames, len(envelope))
    if high > low:
        cut[low - begin : high - begin] = envelope[low:high]
    return cut


def _sum_of(others: Sequence[Other], begin: int, frames: int) -> Floats:
    total = np.zeros((frames, BANDS), np.float32)
    for other in others:
        cut = _cut(other.envelope, begin - round(other.begins / HOP_SECONDS), frames)
        if cut.any():
            total += _POWER[cut]
    return total


def _level(power: Floats) -> Floats:
    return 10 * np.log10(power.sum(axis=1) + np.float32(1e-12))


def _stands_out(below: Floats, echo: Bools, steady: float) -> Bools:
    """Mark frames that are louder than the echo around them: a short word said into it."""
    if not echo.any():
        return np.zeros(len(below), np.bool_)
    marked: Bools = below < np.median(below[echo]) - steady
    return marked


def _fading(level: Floats) -> Floats:
    """Let a level fall no faster than a room's reverberation does: 2 decibels in 20 ms."""
    slope = np.float32(_FADE_DECIBEL) * np.arange(len(level), dtype=np.float32)
    return np.maximum.accumulate(level + slope) - slope


def _alike_overall(mine: Floats, source: Floats, weight: Bools) -> float:
    """Correlate where `weight` is set, all bands together; more frames count as better evidence."""
    count = int(weight.sum())
    if count < 2:
        return 0.0
    a = mine[weight] - mine[weight].mean(axis=0)
    b = source[weight] - source[weight].mean(axis=0)
    spread = float((a * a).sum() * (b * b).sum())
    return float((a * b).sum()) / spread**0.5 * count**0.5 if spread > 0 else 0.0


def _alike_around(mine: Floats, source: Floats, weight: Bools, window: int) -> Doubles:
    """Correlate as above in a window around every frame."""
    a, b = mine * weight[:, None], source * weight[:, None]
    count = np.maximum(_moving_sum(weight, window), 1)
    sum_a, sum_b = _moving_sum(a, window), _moving_sum(b, window)
    both = _moving_sum((a * b).sum(axis=1), window) - (sum_a * sum_b).sum(axis=1) / count
    only_a = _moving_sum((a * a).sum(axis=1), window) - (sum_a**2).sum(axis=1) / count
    only_b = _moving_sum((b * b).sum(axis=1), window) - (sum_b**2).sum(axis=1) / count
    return both / np.sqrt(np.maximum(only_a * only_b, 1e-12))


def _moving_sum(values: NDArray[Any], window: int) -> Doubles:
    """Sum the `window` (odd) rows around every row; missing rows count as nothing."""
    edge = np.zeros((window // 2, *values.shape[1:]), values.dtype)
    running = _running(np.concatenate([edge, values, edge]))
    return running[window:] - running[:-window]


def _running(values: NDArray[Any]) -> Doubles:
    """Return sums of the rows before each row, one row longer than the values."""
    total = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=total[1:])
    return total
