"""What two versions say differently, line by line and word by word."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from recognition.editing.values import Line, plain_words


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a line; `kind`: same, removed, added."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where they differ: lines of the one, lines of the other, and their words."""

    old: tuple[Line, ...]
    new: tuple[Line, ...]
    pieces: tuple[Piece, ...]


def differences(old: Sequence[Line], new: Sequence[Line]) -> Iterator[Difference]:
    """In order of time. Case and punctuation alone, and times alone, are no difference."""
    matcher = SequenceMatcher(
        None, [_key(line) for line in old], [_key(line) for line in new], False
    )
    for tag, first, last, there, until in matcher.get_opcodes():
        if tag != "equal":
            before, after = tuple(old[first:last]), tuple(new[there:until])
            yield Difference(before, after, tuple(_pieces(before, after)))


def _key(line: Line) -> str:
    return f"{line.speaker}\x00{' '.join(plain_words(line.text))}"


def _pieces(old: Sequence[Line], new: Sequence[Line]) -> Iterator[Piece]:
    before = [word for line in old for word in line.text.split()]
    after = [word for line in new for word in line.text.split()]
    matcher = SequenceMatcher(
        None, plain_words(" ".join(before)), plain_words(" ".join(after)), False
    )
    for tag, first, last, there, until in matcher.get_opcodes():
        if tag == "equal":
            yield Piece("same", " ".join(after[there:until]))
            continue
        if first < last:
            yield Piece("removed", " ".join(before[first:last]))
        if there < until:
            yield Piece("added", " ".join(after[there:until]))
