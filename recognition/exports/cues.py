"""Cut lines into subtitles: two rows of 42 characters, on the screen long enough to be read."""

import re
import textwrap
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from common.texts import one_row
from recognition.exports.base import LineView

ROW = 42
ROWS = 2
LONGEST_SECONDS = 7.0
SHORTEST_SECONDS = 1.0
_LONGEST_NAME = 24


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle; `rows` are plain text."""

    start: float
    end: float
    speaker: str
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: float
    end: float


def cues_of(lines: Sequence[LineView], *, name_speakers: bool) -> list[Cue]:
    """Return the subtitles in order of time.

    `name_speakers` writes the speaker's name before a line when it is another's than before.
    """
    cues: list[Cue] = []
    before = None
    for line in lines:
        speaker = one_row(line.speaker)
        tokens = _tokens(line)
        if name_speakers and speaker and speaker != before and tokens:
            label = textwrap.shorten(speaker, _LONGEST_NAME, placeholder="…") or speaker
            label = label[:_LONGEST_NAME] + ":"
            tokens.insert(0, _Token(label, tokens[0].start, tokens[0].start))
        before = speaker
        cues += [_cue(part, speaker) for part in _split(tokens)]
    return _with_time_to_read(sorted(cues, key=lambda cue: (cue.start, cue.end)))


def _tokens(line: LineView) -> list[_Token]:
    """Return the words of the line's text with their times, none longer than a row."""
    text = one_row(line.text)
    positions, times = _anchors(text, line)
    tokens = []
    for match in re.finditer(rf"\S{{1,{ROW}}}", text):
        start, end = (_said_at(place, positions, times) for place in match.span())
        tokens.append(_Token(match.group(), start, end))
    return tokens


def _said_at(place: int, positions: Sequence[int], times: Sequence[float]) -> float:
    """Return the time of a place in the text, between the two anchors about it."""
    right = min(bisect_right(positions, place), len(positions) - 1)
    before, after = positions[right - 1], positions[right]
    share = (place - before) / (after - before) if after > before else 1.0
    return times[right - 1] + share * (times[right] - times[right - 1])


def _anchors(text: str, line: LineView) -> tuple[list[int], list[float]]:
    """Return places in the text and when they are said; times between them are interpolated."""
    positions, times = [0], [line.start]
    at = 0
    for word in line.words:
        spelled = one_row(word.word)
        found = text.find(spelled, at) if spelled else -1
        if found >= 0:
            at = found + len(spelled)
            positions += [found, at]
            times += [max(word.start, times[-1]), max(word.end, times[-1])]
    return [*positions, len(text)], [*times, max(line.end, times[-1])]


def _split(tokens: list[_Token]) -> list[list[_Token]]:
    """Halve until each part fits: best after a sentence, then a comma, then at a pause."""
    if not tokens:
        return []
    if len(tokens) == 1 or _fits(tokens):
        return [tokens]
    count = len(tokens)
    middle = range(max(1, count // 3), max(2, count - count // 3))
    cut = max(middle, key=lambda at: (*_break_quality(tokens, at), -abs(2 * at - count)))
    return [*_split(tokens[:cut]), *_split(tokens[cut:])]


def _fits(tokens: Sequence[_Token]) -> bool:
    if tokens[-1].end - tokens[0].start > LONGEST_SECONDS:
        return False
    text = " ".join(token.text for token in tokens)
    return len(textwrap.wrap(text, ROW, break_on_hyphens=False)) <= ROWS


def _break_quality(tokens: Sequence[_Token], at: int) -> tuple[int, float]:
    last = tokens[at - 1].text[-1]
    mark = 2 if last in ".!?…。" else 1 if last in ",;:—，、" else 0
    return mark, round(max(0.0, tokens[at].start - tokens[at - 1].end), 1)


def _cue(tokens: Sequence[_Token], speaker: str) -> Cue:
    text = " ".join(token.text for token in tokens)
    return Cue(tokens[0].start, tokens[-1].end, speaker, tuple(_rows(text)))


def _rows(text: str) -> list[str]:
    """Write a short text in one row, a longer one in two of about the same length."""
    rows = [text]
    if len(text) > ROW:
        for width in range(len(text) // 2, ROW + 1):
            rows = textwrap.wrap(text, width, break_on_hyphens=False)
            if len(rows) <= ROWS:
                break
    return rows


def _with_time_to_read(cues: list[Cue]) -> list[Cue]:
    """Leave short subtitles on the screen for a second, unless the next one begins."""
    stretched = []
    for cue, following in zip_longest(cues, cues[1:]):
        wanted = max(cue.end, cue.start + SHORTEST_SECONDS)
        limit = max(cue.end, following.start) if following else wanted
        stretched.append(replace(cue, end=min(wanted, limit)))
    return stretched
