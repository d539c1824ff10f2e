"""Times of words that people wrote: between the words that were heard around them."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from recognition.editing.values import Line, plain

CERTAIN = 1.0
"""The confidence of a word that a person wrote."""
Word = dict[str, Any]


def retime(line: Line, offset: int, count: int, wanted: Sequence[str]) -> tuple[Word, ...]:
    """The line's words with `count` of them from `offset` on replaced by `wanted`.

    Words that stay keep their times; new ones share the time of those they replace. Empty where
    the line's words are not known one by one.
    """
    if len(line.words) != len(line.text.split()):
        return ()
    old = line.words[offset : offset + count]
    begin = old[0]["start"] if old else line.start
    end = old[-1]["end"] if old else line.end
    matcher = SequenceMatcher(
        None, [plain(word["word"]) for word in old], [plain(word) for word in wanted], False
    )
    told: list[Word] = []
    for tag, first, last, there, until in matcher.get_opcodes():
        if tag == "equal":
            pairs = zip(old[first:last], wanted[there:until], strict=True)
            told += ({**word, "word": text} for word, text in pairs)
        else:
            since = old[first]["start"] if first < last else (told[-1]["end"] if told else begin)
            to = old[last - 1]["end"] if first < last else _next_start(old, first, end)
            told += _spread(wanted[there:until], since, max(since, to))
    return (*line.words[:offset], *told, *line.words[offset + count :])


def _next_start(old: Sequence[Word], index: int, end: float) -> float:
    return float(old[index]["start"]) if index < len(old) else end


def _spread(texts: Sequence[str], start: float, end: float) -> list[Word]:
    step = (end - start) / len(texts) if texts else 0.0
    return [
        {
            "word": text,
            "start": round(start + number * step, 3),
            "end": round(start + (number + 1) * step, 3),
            "confidence": CERTAIN,
        }
        for number, text in enumerate(texts)
    ]


def split_time(line: Line, at: int, count: int) -> tuple[float, float]:
    """(end of the first half, start of the second) when it is split before word `at`."""
    if len(line.words) == count:
        return float(line.words[at - 1]["end"]), float(line.words[at]["start"])
    middle = round(line.start + (line.end - line.start) * at / count, 3)
    return middle, middle
