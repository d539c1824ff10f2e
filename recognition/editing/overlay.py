"""Lays corrections over lines, in the order in which they were made."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from recognition.editing.timing import retime, split_time
from recognition.editing.values import Correction, Laid, Line, find_words, plain_words

NEAR = 5.0
"""Seconds by which another engine may hear the same words earlier or later."""
LONGEST = 60.0
"""Seconds before a correction in which a line may begin that still says what was corrected."""
AROUND = 2
"""Words that must stand on either side of a change where the rest of its line was heard anew."""


def lay(lines: Iterable[Line], corrections: Iterable[Correction]) -> Laid:
    """The lines as corrected, by time; and which corrections found nothing to correct."""
    current = sorted(lines, key=lambda line: line.start)  # what begins together keeps its order
    lost = []
    for correction in corrections:
        changed = _LAY[correction.kind](current, correction)
        if changed is None:
            lost.append(correction.id)
        else:  # people may talk at the same time: half a line can begin behind another's line
            current = sorted(changed, key=lambda line: line.start)
    return Laid(tuple(current), tuple(lost))


def _text(lines: list[Line], correction: Correction) -> list[Line] | None:
    """Other words in the place of those that stood there; none at all removes them."""
    old, wanted = correction.before[0].split(), str(correction.after["text"]).split()
    found = _find(lines, correction)
    if found is None:
        old, wanted = _changed_part(old, wanted)
        if len(old) <= AROUND:  # too little to know it again
            return None
        found = _find(lines, replace(correction, before=(" ".join(old),)))
    if found is None:
        return None
    index, offset = found
    line, count = lines[index], len(old)
    tokens = line.text.split()
    told = [*tokens[:offset], *wanted, *tokens[offset + count :]]
    if not told:
        return [*lines[:index], *lines[index + 1 :]]
    changed = replace(
        line,
        text=" ".join(told),
        words=retime(line, offset, count, wanted),
        edits=(*line.edits, correction.id),
    )
    return [*lines[:index], changed, *lines[index + 1 :]]


def _changed_part(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """The words from the first to the last that changed, with `AROUND` more on either side."""
    if not new:  # the line was taken out as a whole
        return [], []
    shorter = min(len(old), len(new))
    first = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    rest = shorter - first
    last = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    begin, end = max(first - AROUND, 0), max(last - AROUND, 0)
    return old[begin : len(old) - end], new[begin : len(new) - end]


def _speaker(lines: list[Line], correction: Correction) -> list[Line] | None:
    found = _find(lines, correction, whole=True)
    if found is None:
        return None
    index, _ = found
    changed = replace(
        lines[index],
        speaker=str(correction.after["speaker"]),
        edits=(*lines[index].edits, correction.id),
    )
    return [*lines[:index], changed, *lines[index + 1 :]]


def _split(lines: list[Line], correction: Correction) -> list[Line] | None:
    found = _find(lines, correction)
    if found is None:
        return None
    index, offset = found
    line, at = lines[index], offset + int(correction.after["at"])
    tokens = line.text.split()
    if not 0 < at < len(tokens):
        return None
    timed = len(line.words) == len(tokens)
    before, after = split_time(line, at, len(tokens))
    edits = (*line.edits, correction.id)
    first = replace(
        line,
        end=before,
        text=" ".join(tokens[:at]),
        words=line.words[:at] if timed else (),
        edits=edits,
    )
    second = replace(
        line,
        id=int(correction.after["id"]),
        speaker=correction.after.get("speaker") or line.speaker,
        start=after,
        text=" ".join(tokens[at:]),
        words=line.words[at:] if timed else (),
        edits=edits,
    )
    return [*lines[:index], first, second, *lines[index + 1 :]]


def _join(lines: list[Line], correction: Correction) -> list[Line] | None:
    """Two lines of one track become one. Where an engine joined them already, nothing is left to
    do."""
    first, second = correction.before
    found = _find(lines, replace(correction, before=(first,)), whole=True)
    if found is None:
        joined = replace(correction, before=(f"{first} {second}",))
        return lines if _find(lines, joined) is not None else None
    index, _ = found
    line = lines[index]
    follower = next(
        (one for one in range(index + 1, len(lines)) if lines[one].track == line.track), None
    )
    if follower is None or plain_words(lines[follower].text) != plain_words(second):
        return None
    other = lines[follower]
    timed = bool(line.words and other.words)
    changed = replace(
        line,
        end=max(line.end, other.end),
        text=f"{line.text} {other.text}",
        words=(*line.words, *other.words) if timed else (),
        overlap=line.overlap or other.overlap,
        edits=tuple(sorted({*line.edits, *other.edits, correction.id})),
    )
    return [*lines[:index], changed, *lines[index + 1 : follower], *lines[follower + 1 :]]


_LAY: dict[str, Callable[[list[Line], Correction], list[Line] | None]] = {
    "text": _text,
    "speaker": _speaker,
    "split": _split,
    "join": _join,
}


def within_reach(
    corrections: Sequence[Correction],
) -> Callable[[int | None, float], bool]:
    """Whether a line of this track that starts then may be changed by one of them, roughly."""
    spans: dict[int | None, list[tuple[float, float]]] = {}
    for one in corrections:
        spans.setdefault(one.track, []).append((one.start - 2 * LONGEST, one.end + 2 * LONGEST))
    merged = {track: _merge(found) for track, found in spans.items()}

    def reaches(track: int | None, start: float) -> bool:
        known = merged.get(track, [])
        place = bisect_right(known, start, key=lambda span: span[0]) - 1
        return place >= 0 and start <= known[place][1]

    return reaches


def _merge(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _find(
    lines: Sequence[Line], correction: Correction, *, whole: bool = False
) -> tuple[int, int] | None:
    """(line, first word) where the corrected words stand: in the line that was corrected, else
    nearest in time; `whole`: as a line."""
    wanted = plain_words(correction.before[0])
    begin = bisect_left(lines, correction.start - LONGEST, key=lambda line: line.start)
    best: tuple[float, int, int] | None = None
    for index in range(begin, len(lines)):
        line = lines[index]
        if line.start > correction.end + NEAR:
            break
        if line.track != correction.track or line.end < correction.start - NEAR:
            continue
        there = plain_words(line.text)
        offset = find_words(wanted, there)
        if offset is None or (whole and len(wanted) != len(there)):
            continue
        itself = line.id == correction.after.get("line")
        away = -1.0 if itself else abs(line.start - correction.start)
        if best is None or away < best[0]:
            best = (away, index, offset)
    return (best[1], best[2]) if best else None
