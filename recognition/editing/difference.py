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


Group = tuple[list[Line], list[Line]]


def _places(old: Lines, new: Lines) -> Iterator[tuple[Lines, Lines]]:
    """Lines that belong together: said on the same track at the same time. Only groups that still
    last when a line begins are looked at: hours cost what minutes do."""
    sides = [*((line, 0) for line in old), *((line, 1) for line in new)]
    open_groups: list[Group] = []
    closed: list[Group] = []
    for line, side in sorted(sides, key=lambda one: one[0].start):
        closed += [group for group in open_groups if not _lasts(group, line.start)]
        open_groups = [group for group in open_groups if _lasts(group, line.start)]
        mine = [one for one in open_groups if any(_together(line, other) for other in _all(one))]
        joined: Group = ([], [])
        for group in mine:
            open_groups.remove(group)
            joined[0].extend(group[0])
            joined[1].extend(group[1])
        joined[side].append(line)
        open_groups.append(joined)
    groups = closed + open_groups
    for before, after in sorted(groups, key=lambda group: min(one.start for one in _all(group))):
        yield _in_order(before), _in_order(after)


def _lasts(group: Group, second: float) -> bool:
    return any(one.end >= second for one in _all(group))


def _all(group: Group) -> list[Line]:
    return [*group[0], *group[1]]


def _in_order(lines: list[Line]) -> Lines:
    return tuple(sorted(lines, key=lambda line: line.start))


def _together(one: Line, other: Line) -> bool:
    """It is the same line, or they share most of the time of the shorter one."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    shorter = min(one.end - one.start, other.end - other.start)
    return one.id == other.id or (one.track == other.track and shared > shorter / 2)


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
