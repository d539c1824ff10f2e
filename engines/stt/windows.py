"""Regions of speech cut and packed into pieces that an engine can take, and times back again."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from engines.stt.base import RATE, Word, as_float
from engines.vad import Region

_BLOCK = RATE // 50
PAUSE_S = 0.8
"""A silence that begins a new phrase."""
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "？", "！")
_LONGEST_PHRASE_S = 20.0


@dataclass(frozen=True)
class Window:
    """Several pieces of one track, played one after the other without what lies between."""

    pieces: tuple[Region, ...]

    @property
    def seconds(self) -> float:
        return sum(piece.seconds for piece in self.pieces)

    def sound(self, pcm: np.ndarray) -> np.ndarray:
        """float32, the pieces joined."""
        return np.concatenate([as_float(cut(pcm, piece)) for piece in self.pieces])

    def to_track(self, start: float, end: float) -> tuple[float, float]:
        """Times inside the window to times of the track; both ends fall into one piece."""
        ends = np.cumsum([piece.seconds for piece in self.pieces])
        index = min(bisect_right(list(ends), (start + end) / 2), len(self.pieces) - 1)
        piece = self.pieces[index]
        shift = piece.start - (float(ends[index]) - piece.seconds)
        first = min(max(start + shift, piece.start), piece.end)
        last = min(max(end + shift, first), piece.end)
        return round(first, 3), round(last, 3)


def cut(pcm: np.ndarray, region: Region) -> np.ndarray:
    return pcm[int(region.start * RATE) : int(region.end * RATE)]


def split(pcm: np.ndarray, regions: Iterable[Region], *, longest_s: float) -> list[Region]:
    """Regions of at most `longest_s`, cut at the quietest moment of the second half."""
    pieces: list[Region] = []
    for region in regions:
        start = region.start
        while region.end - start > longest_s:
            low = start + longest_s / 2
            quiet = _quietest(cut(pcm, Region(low, start + longest_s)))
            pieces.append(Region(start, round(low + quiet, 3)))
            start = pieces[-1].end
        pieces.append(Region(start, region.end))
    return [piece for piece in pieces if piece.seconds > 0]


def pack(pcm: np.ndarray, regions: Sequence[Region], *, longest_s: float) -> list[Window]:
    """Fill windows of at most `longest_s`: an engine that pads each one is paid once, not often."""
    windows: list[Window] = []
    pieces: list[Region] = []
    filled = 0.0
    for piece in split(pcm, regions, longest_s=longest_s):
        if pieces and filled + piece.seconds > longest_s:
            windows.append(Window(tuple(pieces)))
            pieces, filled = [], 0.0
        pieces.append(piece)
        filled += piece.seconds
    if pieces:
        windows.append(Window(tuple(pieces)))
    return windows


def phrases(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """Words in order to phrases: a new one after a pause, a sentence's end, or twenty seconds."""
    found: list[list[Word]] = []
    for word in words:
        if not found or _begins_phrase(found[-1], word):
            found.append([])
        found[-1].append(word)
    return [tuple(phrase) for phrase in found]


def _begins_phrase(phrase: Sequence[Word], word: Word) -> bool:
    last = phrase[-1]
    return (
        word.start - last.end >= PAUSE_S
        or last.word.endswith(_SENTENCE_ENDS)
        or word.end - phrase[0].start > _LONGEST_PHRASE_S
    )


def _quietest(sound: np.ndarray) -> float:
    """Seconds to the middle of the quietest fifth of a second."""
    blocks = len(sound) // _BLOCK
    loud = np.abs(as_float(sound[: blocks * _BLOCK])).reshape(blocks, _BLOCK).mean(axis=1)
    smooth = np.convolve(loud, np.ones(10), "same")
    return float(int(np.argmin(smooth)) + 0.5) * _BLOCK / RATE
