"""A transcript without the names of those who speak in it: as well as whole words can tell.

Their names become `Speaker 1`, `Speaker 2` in order of their first lines; so do the names where
they stand in what was said, in the title and in the summary, in the very form in which they are
written. Inflected and misheard names, nicknames, and people who did not speak stay.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from recognition.assembly.values import Word
from recognition.exports.base import LineView, TranscriptView

SHORTEST: Final = 3
"""Characters of a part of a name that is looked for by itself."""
SEVERAL: Final = "***"
"""In place of a name that two speakers share."""
_PART: Final = re.compile(r"[^\W_]+")
Hide = Callable[[str], str]


def without_names(
    view: TranscriptView, *, speaker: str, also: Mapping[str, Iterable[str]] | None = None
) -> TranscriptView:
    """`speaker` is a template, `Speaker {number}`; `also`: a speaker's name -> what else he is
    called, as his track or his label."""
    shown = dict.fromkeys(line.speaker for line in view.lines)
    places = {name: speaker.format(number=n) for n, name in enumerate(shown, 1)}
    hide = _hider(places, also or {})
    items = tuple(replace(item, text=hide(item.text)) for item in view.items)
    return replace(
        view,
        title=hide(view.title),
        summary=hide(view.summary),
        items=items,
        lines=tuple(_line(line, places, hide) for line in view.lines),
    )


def _line(line: LineView, places: Mapping[str, str], hide: Hide) -> LineView:
    words = tuple(_word(word, hide) for word in line.words)
    return replace(line, speaker=places[line.speaker], text=hide(line.text), words=words)


def _word(word: Word, hide: Hide) -> Word:
    return replace(word, word=hide(word.word))


def _hider(places: Mapping[str, str], also: Mapping[str, Iterable[str]]) -> Hide:
    """Replaces whole words, longest names first, whatever their case."""
    found: dict[str, str] = {}
    for name, place in places.items():
        for text in (name, *also.get(name, ())):
            for part in _parts(text):
                known = found.setdefault(part.casefold(), place)
                if known != place:
                    found[part.casefold()] = SEVERAL
    if not found:
        return lambda text: text
    longest = sorted(found, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)", re.IGNORECASE)
    return lambda text: pattern.sub(lambda hit: found.get(hit[0].casefold(), SEVERAL), text)


def _parts(name: str) -> list[str]:
    """The whole name, and its words where it is a person's: `Speaker 2` and `track-7` are not."""
    whole = " ".join(name.split())
    if not whole:
        return []
    if any(char.isdigit() for char in whole):
        return [whole]
    return [whole, *(part for part in _PART.findall(whole) if len(part) >= SHORTEST)]
