"""Cutting a long transcript, or many notes, into parts that a language model can read. Pure.

Nothing is ever left out: every line lands in at least one part, and a line too long for a part is
cut into pieces with the same number.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

# Characters per token, on the low side for open models' tokenizers: a Russian word costs about
# twice the tokens of an English one.
CYRILLIC_PER_TOKEN = 2.0
OTHERS_PER_TOKEN = 3.5
# A tenth of the part before is read again, so that nothing falls between two parts.
OVERLAP = 0.1

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Line:
    """One phrase as the model sees it; ``number`` counts the phrases of the transcript from 1."""

    number: int
    speaker: str
    text: str

    def __str__(self) -> str:
        speaker = f"{self.speaker}: " if self.speaker else ""
        return f"[{self.number}] {speaker}{self.text}"


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text costs; rather too many than too few."""
    cyrillic = sum("\u0400" <= character <= "\u04ff" for character in text)
    return math.ceil(cyrillic / CYRILLIC_PER_TOKEN + (len(text) - cyrillic) / OTHERS_PER_TOKEN)


def cost(line: object) -> int:
    """Return the tokens of one line of a block, its line break included."""
    return estimate_tokens(str(line)) + 1


def split_lines(lines: Sequence[Line], budget: int) -> list[list[Line]]:
    """Cut lines into parts of at most ``budget`` tokens, each beginning with the last tenth
    of the part before it."""
    pieces = [piece for line in lines for piece in _cut(line, max(1, int(budget * (1 - OVERLAP))))]
    parts: list[list[Line]] = []
    for fresh in group(pieces, budget if _fits(pieces, budget) else int(budget * (1 - OVERLAP))):
        parts.append([*(_tail(parts[-1], int(budget * OVERLAP)) if parts else []), *fresh])
    return parts


def group(
    pieces: Sequence[Part], budget: int, price: Callable[[Part], int] = cost
) -> list[list[Part]]:
    """Put pieces together in order, each group within ``budget`` tokens (or one piece)."""
    groups: list[list[Part]] = []
    room = 0
    for piece in pieces:
        if not groups or price(piece) > room:
            groups.append([])
            room = budget
        groups[-1].append(piece)
        room -= price(piece)
    return groups


def _fits(pieces: Sequence[Line], budget: int) -> bool:
    return sum(map(cost, pieces)) <= budget


def _tail(part: Sequence[Line], budget: int) -> list[Line]:
    """Return the last whole lines of a part that cost no more than ``budget``."""
    tail: list[Line] = []
    for line in reversed(part):
        budget -= cost(line)
        if budget < 0:
            break
        tail.insert(0, line)
    return tail


def _cut(line: Line, budget: int) -> list[Line]:
    """Cut one line between words (inside a word if it must be) until each piece fits."""
    if cost(line) <= budget or len(line.text) < 2:
        return [line]
    middle = len(line.text) // 2
    space = line.text.rfind(" ", 0, middle + 1)
    at = space if space > 0 else middle
    halves = (line.text[:at].strip(), line.text[at:].strip())
    return [piece for half in halves if half for piece in _cut(replace(line, text=half), budget)]
