"""Pages of lines: of a version as it was heard, or as it was corrected.

Both are read by position: the phrases' own, or the place among the corrected lines.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from django.db.models import QuerySet

from recognition import selectors
from recognition.editing.values import Line
from recognition.models import Edit, Phrase, Transcript

PAGE = 150
MOST = 3000
"""Lines that are fetched again at once."""
COLOURS = 8
Placed = list[tuple[int, Line]]


class Text(Protocol):
    """Lines that are read by position."""

    lost: tuple[int, ...]

    def after(self, position: int, count: int) -> Placed:
        """Lines behind that position, in order."""
        ...

    def before(self, position: int, count: int) -> Placed:
        """Lines before that position, the nearest first."""
        ...

    def between(self, start: float, end: float) -> Placed:
        """Lines that begin from one second to another, in order."""
        ...

    def at(self, second: float) -> int:
        """The position of the line that is heard then; the last one after the end."""
        ...

    def spoken(self) -> Iterable[tuple[str, float, float]]:
        """(label, start, end) of every line."""
        ...


class Heard:
    """The lines as they stand in the database."""

    lost: tuple[int, ...] = ()

    def __init__(self, phrases: QuerySet[Phrase]) -> None:
        self.phrases = phrases

    def after(self, position: int, count: int) -> Placed:
        return _placed(self.phrases.filter(position__gt=position)[:count])

    def before(self, position: int, count: int) -> Placed:
        found = self.phrases.filter(position__lt=position).order_by("-position")
        return _placed(found[:count])

    def between(self, start: float, end: float) -> Placed:
        return _placed(self.phrases.filter(start__gte=start, start__lte=end)[:MOST])

    def at(self, second: float) -> int:
        positions = self.phrases.values_list("position", flat=True)
        found = positions.filter(end__gte=second).first()
        return found if found is not None else positions.last() or 0

    def spoken(self) -> Iterable[tuple[str, float, float]]:
        return self.phrases.values_list("speaker", "start", "end")


class Corrected:
    """The lines with corrections laid over them; a position is a place among them."""

    def __init__(self, transcript: Transcript) -> None:
        laid = selectors.sketch_of(transcript)
        self.lines, self.lost = laid.lines, laid.lost

    def after(self, position: int, count: int) -> Placed:
        first = max(position + 1, 0)
        return self._with_words(range(first, min(first + count, len(self.lines))))

    def before(self, position: int, count: int) -> Placed:
        until = min(position, len(self.lines))
        return self._with_words(range(until - 1, max(until - count, 0) - 1, -1))

    def between(self, start: float, end: float) -> Placed:
        first = bisect_left(self.lines, start, key=lambda line: line.start)
        until = bisect_right(self.lines, end, key=lambda line: line.start)
        return self._with_words(range(first, min(until, first + MOST)))

    def at(self, second: float) -> int:
        places = (place for place, line in enumerate(self.lines) if line.end >= second)
        return next(places, max(len(self.lines) - 1, 0))

    def spoken(self) -> Iterable[tuple[str, float, float]]:
        return ((line.speaker, line.start, line.end) for line in self.lines)

    def _with_words(self, places: Sequence[int]) -> Placed:
        shown = [(place, self.lines[place]) for place in places]
        heard = selectors.words_of(
            line.id for _, line in shown if not line.words and not line.edits
        )
        return [
            (place, replace(line, words=heard[line.id]) if line.id in heard else line)
            for place, line in shown
        ]


def text_of(transcript: Transcript) -> Text:
    if selectors.is_edited(transcript):
        return Corrected(transcript)
    return Heard(selectors.phrases_of(transcript))


def speakers_in(text: Text, names: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Label -> how it is shown. Colours go by the order in which people first speak."""
    labels = dict.fromkeys(label for label, _start, _end in text.spoken())
    return {
        label: {"label": label, "name": names.get(label) or label, "colour": number % COLOURS}
        for number, label in enumerate(labels)
    }


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its lines, and positions to go on from where there are more."""

    lines: list[Line]
    before: int | None = None
    after: int | None = None


def page_at(text: Text, at: float) -> Shown:
    """The page on which the second `at` is heard."""
    return page_after(text, text.at(at) - 11 if at else -1)


def page_after(text: Text, after: int) -> Shown:
    found = text.after(after, PAGE + 1)
    later = found[PAGE - 1][0] if len(found) > PAGE else None
    return _shown(text, found[:PAGE], later)


def page_before(text: Text, before: int) -> Shown:
    found = text.before(before, PAGE + 1)
    earlier = found[PAGE - 1][0] if len(found) > PAGE else None
    return Shown([line for _, line in found[:PAGE][::-1]], before=earlier)


def window(text: Text, start: float, end: float) -> Shown:
    """What a page shows already, as it is now."""
    found = text.between(start - 0.001, end + 0.001)
    later = found[-1][0] if found and text.after(found[-1][0], 1) else None
    return _shown(text, found, later)


def rows_of(lines: Iterable[Line], speakers: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Lines as the template needs them: `turn` where another person begins to speak, `by` the
    last correction of it."""
    shown = list(lines)
    last_edits = {line.edits[-1] for line in shown if line.edits}
    edits = Edit.objects.select_related("author").in_bulk(last_edits) if last_edits else {}
    last = None
    for line in shown:
        yield {
            "line": line,
            "speaker": speakers.get(line.speaker, _unknown(line.speaker)),
            "turn": line.speaker != last,
            "by": edits.get(line.edits[-1]) if line.edits else None,
        }
        last = line.speaker


def _unknown(label: str) -> dict[str, Any]:
    """Somebody all of whose lines were set aside."""
    return {"label": label, "name": label, "colour": COLOURS - 1}


def _shown(text: Text, found: Placed, later: int | None) -> Shown:
    first = found[0][0] if found else 0
    earlier = bool(found and text.before(first, 1))
    return Shown([line for _, line in found], before=first if earlier else None, after=later)


def _placed(phrases: Iterable[Phrase]) -> Placed:
    return [(phrase.position, line_of(phrase)) for phrase in phrases]


def line_of(phrase: Phrase) -> Line:
    return Line(
        id=phrase.pk,
        track=phrase.track_id,
        speaker=phrase.speaker,
        start=phrase.start,
        end=phrase.end,
        text=phrase.text,
        words=tuple(phrase.words),
        overlap=phrase.overlap,
    )
