"""What assembly takes and gives: words, segments, tracks and lines. All times in seconds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # read by the web process, which computes nothing
    import numpy as np
    from numpy.typing import NDArray

BLEED = "bleed"
"""`Line.dropped` of a voice that came out of another participant's loudspeaker."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word; `confidence` from 0 to 1, None where the engine gives none."""

    word: str
    start: float
    end: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """What an engine heard in one go. `words` may be empty; `speaker` if the engine tells."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    speaker: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class HeardTrack:
    """One track as it was heard.

    Segments and `envelope` (see `envelope.measure`; None if unknown) are in the track's own time;
    `offset` is the second of the recording at which the track begins.
    """

    id: int
    name: str
    segments: tuple[Segment, ...]
    offset: float = 0.0
    envelope: "NDArray[np.uint8] | None" = None


@dataclass(frozen=True, slots=True)
class Line:
    """One speaker's words over a stretch of the recording's time.

    `overlap`: somebody else speaks at the same time. `dropped` names the reason why the line does
    not count (`BLEED`); None for a line that does.
    """

    track: int
    speaker: str
    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    overlap: bool = False
    dropped: str | None = None


def read_segments(stored: Iterable[Mapping[str, Any]]) -> tuple[Segment, ...]:
    """Read `[{"start", "end", "text", "words"?, "speaker"?}]` as engines' results are stored."""
    return tuple(
        Segment(
            start=float(item["start"]),
            end=float(item["end"]),
            text=str(item.get("text") or ""),
            words=tuple(_read_word(word) for word in item.get("words") or ()),
            speaker=str(item.get("speaker") or ""),
        )
        for item in stored
    )


def _read_word(stored: Mapping[str, Any]) -> Word:
    confidence = stored.get("confidence")
    return Word(
        word=str(stored["word"]),
        start=float(stored["start"]),
        end=float(stored["end"]),
        confidence=None if confidence is None else float(confidence),
    )
