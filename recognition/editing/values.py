"""Lines and edits as plain values: what the overlay works on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_EDGES = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line as people see it. Times in seconds of the recording."""

    id: int
    """The phrase it was, or for the second half of a split line a number of its own."""
    track: int | None
    speaker: str
    start: float
    end: float
    text: str
    words: tuple[dict[str, Any], ...] = ()
    """`{"word", "start", "end", "confidence"}`; empty when they are not known."""
    overlap: bool = False
    edits: tuple[int, ...] = ()
    """Ids of the corrections that made it what it is, in their order."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One edit. `before`: the texts of the lines it was made on."""

    id: int
    kind: str
    track: int | None
    start: float
    end: float
    before: tuple[str, ...]
    after: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Laid:
    """A version with its corrections laid over it."""

    lines: tuple[Line, ...]
    lost: tuple[int, ...]
    """Ids of the edits whose words don't stand in this version."""


def plain(word: str) -> str:
    """A word as it counts when words are compared."""
    return _EDGES.sub("", word).casefold().replace("ё", "е") or word


def plain_words(text: str) -> list[str]:
    return [plain(word) for word in text.split()]


def find_words(needle: Sequence[str], hay: Sequence[str]) -> int | None:
    """Where the words stand next to each other; None where they don't. No words stand only in a
    line that has none."""
    if not needle:
        return None if hay else 0
    for offset in range(len(hay) - len(needle) + 1):
        if list(hay[offset : offset + len(needle)]) == list(needle):
            return offset
    return None
