"""All tracks of a talk in one file that can be played."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

import numpy as np

from engines.media import encode, reading

_BLOCK = 1 << 20


def mix(sounds: Sequence[Path], folder: Path, format: str) -> Path:
    """`mixed.mp3` or `mixed.wav` in `folder`: the sum, limited; all begin at the same moment."""
    raw, out = folder / "mixed.s16", folder / f"mixed.{format}"
    tracks = [reading.read_pcm(sound) for sound in sounds]
    with raw.open("wb") as file:
        for at in range(0, max(len(track) for track in tracks), _BLOCK):
            file.write(_sum([track[at : at + _BLOCK] for track in tracks]).tobytes())
    encode.encode(raw, out, format=cast("Literal['mp3', 'wav']", format))
    raw.unlink()
    return out


def _sum(parts: Sequence[np.ndarray]) -> np.ndarray:
    total = np.zeros(max(len(part) for part in parts), np.int32)
    for part in parts:
        total[: len(part)] += part
    return np.clip(total, -32768, 32767).astype("<i2")
