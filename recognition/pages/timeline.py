"""Who speaks when, as a small drawing over the player."""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

BINS = 400
"""Places of the timeline."""


def timeline(
    spoken: Iterable[tuple[str, float, float]],
    speakers: Mapping[str, dict[str, Any]],
    duration: float,
) -> list[dict[str, Any]]:
    """One row per speaker: bars as (x, width, level) of a line with `BINS` places.

    The level, 1 to 4, says how much of that place the speaker talks: however long the recording
    is, the line stays readable and small.
    """
    stretches = list(spoken)
    whole = max(duration, max((end for _speaker, _start, end in stretches), default=0.0)) or 1.0
    talk = {label: [0.0] * BINS for label in speakers}
    for speaker, start, end in stretches:
        _fill(talk[speaker], BINS * start / whole, BINS * end / whole)
    return [{**speakers[label], "bars": _bars(share)} for label, share in talk.items()]


def _fill(share: list[float], start: float, end: float) -> None:
    """Add the stretch from `start` to `end`, in places, to the places that it covers."""
    for place in range(max(int(start), 0), min(int(end) + 1, BINS)):
        share[place] += max(min(end, place + 1) - max(start, place), 0)


def _bars(share: list[float]) -> list[tuple[int, int, int]]:
    """Neighbours of one level become one bar; silence becomes none."""
    bars: list[tuple[int, int, int]] = []
    for place, part in enumerate(share):
        level = min(ceil(4 * part), 4) if part > 0.02 else 0
        if not level:
            continue
        if bars and bars[-1][0] + bars[-1][1] == place and bars[-1][2] == level:
            bars[-1] = (bars[-1][0], bars[-1][1] + 1, level)
        else:
            bars.append((place, 1, level))
    return bars
