"""What every machine that hears promises, and the plain values it gives back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engines.vad import Region

RATE = 16_000


@dataclass(frozen=True)
class Word:
    """One word; seconds of the whole track; confidence from 0 to 1, None where unknown."""

    word: str
    start: float
    end: float
    confidence: float | None = None


@dataclass(frozen=True)
class Segment:
    """A phrase: a sentence or what stands between two pauses. Seconds of the whole track."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...]
    confidence: float | None
    language: str


@dataclass(frozen=True)
class Heard:
    """All that was said on one track, in order. `engine` names engine and model for people."""

    language: str
    segments: tuple[Segment, ...]
    engine: str


@dataclass(frozen=True)
class Capabilities:
    """`languages` None: all that Whisper knows. `leaves_premises`: sound goes to somebody else."""

    languages: frozenset[str] | None
    leaves_premises: bool
    word_times: bool
    hotwords: bool
    detects_language: bool


class Transcriber(Protocol):
    """Made once per process by `registry.get_transcriber`; loads its model on first use."""

    name: str

    @property
    def capabilities(self) -> Capabilities: ...

    def transcribe(
        self,
        pcm: np.ndarray,
        *,
        regions: Sequence[Region],
        language: str | None,
        hotwords: str = "",
        on_progress: Callable[[float], None],
        check: Callable[[], None],
    ) -> Heard:
        """Recognise the regions of a mono 16 kHz track (float32 from -1 to 1, or int16).

        Only the regions are recognised: cost follows speech. `language` is an ISO 639-1 code or
        None to find out. `on_progress` gets the seconds of speech done so far; `check` is asked
        between pieces and raises when nobody wants the result any more. Raises EngineError.
        """
        ...


def as_float(pcm: np.ndarray) -> np.ndarray:
    """float32 from -1 to 1."""
    if pcm.dtype == np.int16:
        return pcm.astype(np.float32) / 32768.0
    return pcm.astype(np.float32, copy=False)


def as_int16(pcm: np.ndarray) -> np.ndarray:
    if pcm.dtype == np.int16:
        return pcm
    return np.clip(pcm * 32768.0, -32768, 32767).astype(np.int16)


def mean_confidence(words: Sequence[Word]) -> float | None:
    known = [word.confidence for word in words if word.confidence is not None]
    return round(sum(known) / len(known), 3) if known else None
