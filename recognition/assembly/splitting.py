"""Cut words into stretches that a person reads at a glance: at pauses, and where they are long."""

from collections.abc import Sequence

from recognition.assembly.values import Word

PAUSE_SECONDS = 1.0
LONGEST_SECONDS = 25.0
LONGEST_TEXT = 300
"""Characters."""

_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")


def split_pauses(words: Sequence[Word]) -> list[list[Word]]:
    """Cut where nobody speaks for longer than a second."""
    groups: list[list[Word]] = []
    until = 0.0
    for word in words:
        if not groups or word.start - until > PAUSE_SECONDS:
            groups.append([])
        groups[-1].append(word)
        until = max(until, word.end) if len(groups[-1]) > 1 else word.end
    return groups


def split_long(words: list[Word]) -> list[list[Word]]:
    """Halve until no part is too long: after a sentence if one ends near the middle, else at the
    longest pause there."""
    if len(words) < 2 or not _is_long(words):
        return [words]
    middle = range(max(1, len(words) // 4), max(2, len(words) - len(words) // 4))
    cut = max(middle, key=lambda at: (_ends_sentence(words[at - 1]), _gap(words, at), -at))
    return [*split_long(words[:cut]), *split_long(words[cut:])]


def _is_long(words: Sequence[Word]) -> bool:
    if words[-1].end - words[0].start > LONGEST_SECONDS:
        return True
    return sum(len(word.word.strip()) + 1 for word in words) - 1 > LONGEST_TEXT


def _ends_sentence(word: Word) -> bool:
    return word.word.rstrip("\"'»”’)").endswith(_SENTENCE_ENDS)


def _gap(words: Sequence[Word], at: int) -> float:
    return round(words[at].start - words[at - 1].end, 3)
