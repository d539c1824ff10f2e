"""Give each part of a segment its share of the text, as the engine wrote it."""

from collections.abc import Sequence

from recognition.assembly.values import Word


def texts_of(text: str, groups: Sequence[Sequence[Word]]) -> list[str]:
    """Return one text per group of words.

    The segment's own text is cut, so that its punctuation, and its lack of spaces in languages
    that use none, stay. Where words are not found in it, they are written one after the other.
    """
    if len(groups) == 1 and text.strip():
        return [text.strip()]
    starts = _starts(text, groups)
    if starts is None:
        return [" ".join(word.word.strip() for word in group) for group in groups]
    ends = [*starts[1:], len(text)]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _starts(text: str, groups: Sequence[Sequence[Word]]) -> list[int] | None:
    """Return where each group begins in the text; None if a word is not there."""
    starts: list[int] = []
    at = 0
    for group in groups:
        for number, word in enumerate(group):
            found = text.find(word.word.strip(), at)
            if found < 0:
                return None
            if number == 0:
                starts.append(found if starts else 0)
            at = found + len(word.word.strip())
    return starts
