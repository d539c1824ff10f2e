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


Lines = tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where they differ: lines of the one, lines of the other, and their words."""

    old: Lines
    new: Lines
    pieces: tuple[Piece, ...]


def differences(old: Sequence[Line], new: Sequence[Line]) -> Iterator[Difference]:
    """In order of time. Case and punctuation alone, and times alone, are no difference."""
    matcher = SequenceMatcher(
        None, [_key(line) for line in old], [_key(line) for line in new], False
    )
    for tag, first, last, there, until in matcher.get_opcodes():
        if tag != "equal":
            for before, after in _places(tuple(old[first:last]), tuple(new[there:until])):
                yield Difference(before, after, tuple(pieces_of(_words(before), _words(after))))


def _places(old: Lines, new: Lines) -> Iterator[tuple[Lines, Lines]]:
    """Line by line where they belong together two by two, otherwise all at once."""
    if len(old) == len(new) and all(map(_together, old, new)):
        yield from (((one,), (other,)) for one, other in zip(old, new, strict=True))
    else:
        yield old, new


def _together(one: Line, other: Line) -> bool:
    """Both are said at the same time."""
    return one.id == other.id or (one.start < other.end and other.start < one.end)


def _key(line: Line) -> str:
    return f"{line.speaker}\x00{' '.join(plain_words(line.text))}"


def _words(lines: Lines) -> list[str]:
    return [word for line in lines for word in line.text.split()]


def pieces_of(before: Sequence[str], after: Sequence[str]) -> Iterator[Piece]:
    """What is the same in two rows of words, what went and what came, in order."""
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
