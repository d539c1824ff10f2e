"""Does an item of a summary really stand in the phrases it cites? Decided by code, not by a model.

Every cited id must exist; every number, date, time, weekday and name of the item must stand in the
cited phrases (a speaker's name counts as standing there); at least half of its content words, two
at least, must be theirs; what they deny it may not claim. Pure.

What this cannot see: a wrong verb between right words (``accepted`` for ``declined``), a swapped
role of two people who both stand in the phrase, am for pm spelled in another way, irony, a number
of the phrase attached to another thing of the same phrase, a denial of another thing than the
phrase denies, an unknown foreign surname as the first
word of a Russian sentence, a feminine name for its masculine twin (Валентин, Валентина), a name
written in another alphabet than it was recognised in (then a true item stays unverified).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from analytics import facts, names
from analytics.facts import Date, Facts, Number, Time
from analytics.words import WORD, content_stems, fold, is_content, is_negator, same_stem, stem

# Share of an item's content words that its phrases must hold. A paraphrase keeps most of its nouns
# and changes verbs; unrelated phrases of one meeting share about a tenth.
LEAST_OVERLAP = 0.5
LEAST_WORDS = 2
# An item that cites half of the meeting could be found in it whatever it says.
MOST_CITED = 20
# Coverage looks at windows of about a minute of speech, smaller in a short transcript.
WINDOW_CHARACTERS = (200, 1000)
WINDOWS = 20
_NEGATION_REACH = 3
_STRICT_UNITS = frozenset({"percent", "usd", "eur", "gbp", "rub"})
# Words that deny without a particle: an item may say "refused" as "did not agree".
_REFUSALS = (
    *("отказ", "отмен", "отклон", "запрет", "против"),
    *("refus", "cancel", "declin", "reject", "oppos", "against"),
)


@dataclass(frozen=True, slots=True)
class PhraseText:
    """One phrase of a transcript. ``start`` is in seconds; ``speaker`` may be empty."""

    id: int
    speaker: str
    start: float
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """One statement of a summary and the ids of the phrases it rests on."""

    text: str
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """``problems`` are codes, none of them when the item is verified.

    They are: empty, no_evidence, unknown_phrase, too_many_phrases, number, date, time, name,
    negation, words.
    """

    problems: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """Tell whether the item stands in its phrases."""
        return not self.problems


class Reading:
    """What one text holds, read once: folded words, stems, facts, what it denies."""

    def __init__(self, text: str, speaker: str = "") -> None:
        self.text = text
        self.speaker = speaker

    @cached_property
    def words(self) -> list[str]:
        """The folded words in order."""
        return WORD.findall(fold(self.text))

    @cached_property
    def facts(self) -> Facts:
        """Numbers, dates and times."""
        return facts.read(self.text)

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of the content words, the speaker's name among them."""
        return frozenset(content_stems(f"{self.text} {self.speaker}"))

    @cached_property
    def name_keys(self) -> frozenset[str]:
        """Keys of every word, since recognisers write names without capitals."""
        return names.keys_of([*self.words, *names.words_of(self.speaker)])

    @cached_property
    def denies(self) -> bool:
        """Tell whether anything is denied or refused here."""
        return any(is_negator(w) or w.startswith(_REFUSALS) for w in self.words)

    @cached_property
    def denied(self) -> frozenset[str]:
        """Stems of the first content word after each negator."""
        found = (self._denied_after(at) for at, word in enumerate(self.words) if is_negator(word))
        return frozenset(stem(word) for word in found if word)

    def _denied_after(self, at: int) -> str:
        # "No" and "нет" mostly answer; "not only", "не только" affirm.
        reach = 1 if self.words[at] in {"no", "нет", "ни", "without", "без"} else _NEGATION_REACH
        following = self.words[at + 1 : at + 1 + reach]
        if following[:1] in (["only"], ["только"], ["just"]):
            return ""
        return next((word for word in following if is_content(word)), "")


class Evidence:
    """The phrases of one transcript, ready to be asked whether items stand in them."""

    def __init__(self, phrases: Sequence[PhraseText]) -> None:
        self.phrases = phrases
        self._readings = {phrase.id: Reading(phrase.text, phrase.speaker) for phrase in phrases}
        self._known_names = names.known_names(
            (phrase.text for phrase in phrases), {phrase.speaker for phrase in phrases}
        )

    def check(self, item: Item) -> Verdict:
        """Say whether an item stands in the phrases it cites."""
        problems = self._problems_of_citing(item)
        if problems:
            return Verdict(problems)
        cited = [self._readings[number] for number in dict.fromkeys(item.evidence)]
        claim = Reading(item.text)
        found = [
            *_unproved_facts(claim.facts, facts.all_of(reading.facts for reading in cited)),
            *self._unproved_names(claim, cited),
            *_turned_round(claim, cited),
            *_too_few_words(claim, cited),
        ]
        return Verdict(tuple(dict.fromkeys(found)))

    def coverage(self, items: Iterable[Item]) -> float:
        """Return the share of the transcript, 0 to 1, that verified ``items`` reach.

        The transcript is cut into windows of consecutive phrases, a twentieth of it each but 200
        to 1,000 characters. A window is reached when an item cites a phrase in it, and counts by
        its letters and digits. Pass verified items only.
        """
        cited = {number for item in items for number in item.evidence}
        windows = self._windows()
        total = sum(_weight(phrase) for window in windows for phrase in window)
        reached = sum(
            _weight(phrase)
            for window in windows
            if any(phrase.id in cited for phrase in window)
            for phrase in window
        )
        return reached / total if total else 0.0

    def _windows(self) -> list[list[PhraseText]]:
        least, most = WINDOW_CHARACTERS
        size = min(most, max(least, sum(map(_weight, self.phrases)) // WINDOWS))
        windows: list[list[PhraseText]] = []
        room = 0
        for phrase in self.phrases:
            if room <= 0:
                windows.append([])
                room = size
            windows[-1].append(phrase)
            room -= _weight(phrase)
        return windows

    def _problems_of_citing(self, item: Item) -> tuple[str, ...]:
        wrong = (
            ("empty", not re.search(r"\w", item.text)),
            ("no_evidence", not item.evidence),
            ("unknown_phrase", any(number not in self._readings for number in item.evidence)),
            ("too_many_phrases", len(set(item.evidence)) > MOST_CITED),
        )
        return tuple(code for code, is_wrong in wrong if is_wrong)

    def _unproved_names(self, claim: Reading, cited: Sequence[Reading]) -> list[str]:
        keys = frozenset().union(*(reading.name_keys for reading in cited))
        stems = frozenset().union(*(reading.stems for reading in cited))
        wanted = names.read(claim.text, self._known_names)
        for name in (*wanted.certain, *wanted.subjects):
            if not names.stands_in(name, keys, stems):
                return ["name"]
        return []


def _weight(phrase: PhraseText) -> int:
    return sum(character.isalnum() for character in phrase.text)


def _unproved_facts(claim: Facts, source: Facts) -> list[str]:
    calendar = claim.months <= source.months | {date.month for date in source.dates}
    dated = all(any(_same_date(date, other) for other in source.dates) for date in claim.dates)
    checks = (
        ("number", all(_has_number(number, source) for number in claim.numbers)),
        ("date", dated and calendar and claim.weekdays <= source.weekdays),
        ("time", all(_has_time(time, source) for time in claim.times)),
    )
    return [code for code, is_proved in checks if not is_proved]


def _has_number(number: Number, source: Facts) -> bool:
    if number.soft:
        return True
    for other in source.numbers:
        bare = not other.unit and number.unit not in _STRICT_UNITS
        if other.value == number.value and (not number.unit or other.unit == number.unit or bare):
            return True
    written = {part for date in source.dates for part in (date.day, date.year)}
    return not number.unit and number.value in written


def _same_date(date: Date, other: Date) -> bool:
    years = {date.year, other.year} - {None}
    # A year that only the item names is not proved by the phrase.
    proved = date.year is None or other.year == date.year
    return (date.day, date.month) == (other.day, other.month) and len(years) < 2 and proved


def _has_time(time: Time, source: Facts) -> bool:
    """Compare on a twelve-hour dial: people say three for 15:00."""
    for other in (*source.times, *source.possible_times):
        if (time.hour % 12, time.minute) == (other.hour % 12, other.minute):
            return True
    hours = {number.value % 12 for number in source.numbers if number.value <= 24}
    return time.minute == 0 and time.hour % 12 in hours


def _turned_round(claim: Reading, cited: Sequence[Reading]) -> list[str]:
    """Find a denial that only one side makes."""
    if any(is_negator(word) for word in claim.words):
        # What exactly is denied depends on the grammar: "no agreement", "did not agree".
        return [] if any(reading.denies for reading in cited) else ["negation"]
    denied = frozenset().union(*(reading.denied for reading in cited))
    claimed = {word for word in claim.stems if word in denied}
    affirmed = {word for word in claimed for r in cited if word in r.stems and word not in r.denied}
    refuses = any(word.startswith(_REFUSALS) for word in claim.words)
    return ["negation"] if claimed - affirmed and not refuses else []


def _too_few_words(claim: Reading, cited: Sequence[Reading]) -> list[str]:
    used = claim.facts.words_used
    wanted = {stem(word) for word in claim.words if is_content(word) and word not in used}
    stems = frozenset().union(*(reading.stems for reading in cited))
    keys = frozenset().union(*(reading.name_keys for reading in cited))
    matched = sum(any(same_stem(word, other) for other in stems) or word in keys for word in wanted)
    anchors = len(claim.facts.numbers) + len(claim.facts.dates) + len(claim.facts.times)
    least = max(0, LEAST_WORDS - anchors)
    enough = matched >= least and matched >= LEAST_OVERLAP * len(wanted)
    return [] if enough and matched + anchors > 0 else ["words"]
