"""Numbers, dates, times and units that a text states, in Russian and English. Pure.

``read(text)`` gives what the text says in one form, so that ``девятого марта`` meets ``March 9th``
and ``15 %`` meets ``fifteen percent``; evidence.py compares an item's facts with its phrases'.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from analytics.calendar_words import MONTHS, UNITS, WEEKDAYS
from analytics.numerals import NUMERALS, SOFT_WORDS, Composer
from analytics.words import fold, word_set

_LEX = re.compile(
    r"""(?P<iso>\b\d{4}-\d{1,2}-\d{1,2}\b)
    |(?P<dotted>\b\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})\b)
    |(?P<clock>\b\d{1,2}:\d{2}\b)
    |(?P<number>\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d])|\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:[.,]\d+)?)
    |(?P<word>[^\W\d_]+(?:'[^\W\d_]+)?)
    |(?P<sign>[%$€₽£])
    |(?P<stop>[.!?;:,])""",
    re.VERBOSE,
)
_DAY_PARTS = {"am": 0, "a.m": 0, "утра": 0, "ночи": 0, "pm": 12, "дня": 12, "вечера": 12}
_CLOCK_WORDS = {*_DAY_PARTS, "o'clock"}
_HOURS = {"часов", "часа", "час"}
_AMBIGUOUS_MONTHS = {"may", "march", "mar", "мая"}
_BEFORE_A_MONTH = word_set("in by until till of since from during last next this early late mid")
_ORDINAL_MARKS = {"st", "nd", "rd", "th", "го", "му", "й", "я", "е", "ти", "ых", "x", "х", "-"}
_FILLERS = {"of", "the", "числа", "числом", "st", "nd", "rd", "th", "го"}


_WHOLES = {"целая", "целых", "целые", "целой", "целыми"}
_PARTS = {"десятая": 10, "десятых": 10, "десятые": 10, "сотая": 100, "сотых": 100, "сотые": 100}


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its unit (``""`` when bare). A soft one need not be proved: ``one``."""

    value: Decimal
    unit: str = ""
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Date:
    """A day of a month, of a year when the text says which."""

    day: int
    month: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day; ``9 pm`` is 21:00."""

    hour: int
    minute: int = 0


@dataclass(slots=True)
class Facts:
    """What one text states; ``words_used`` are the folded words that state it.

    ``possible_times`` can support a time but need no support: ``ten thirty`` may be two numbers.
    """

    numbers: list[Number] = field(default_factory=list)
    dates: list[Date] = field(default_factory=list)
    times: list[Time] = field(default_factory=list)
    possible_times: list[Time] = field(default_factory=list)
    months: set[int] = field(default_factory=set)
    weekdays: set[int] = field(default_factory=set)
    words_used: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Token:
    kind: str
    text: str
    value: Decimal | None = None
    ordinal: bool = False
    soft: bool = False
    used: bool = False


def read(text: str) -> Facts:
    """Return every number, date, time, month and weekday of a text."""
    facts = Facts()
    tokens = _compose(_lex(text))
    for step in (_read_written, _read_dates, _read_times, _read_numbers, _read_calendar):
        step(tokens, facts)
    facts.words_used = {word for token in tokens if token.used for word in token.text.split()}
    return facts


def _lex(text: str) -> list[_Token]:
    plain = text.replace("’", "'").replace("\u2212", "-")
    return [_Token(str(match.lastgroup), fold(match[0])) for match in _LEX.finditer(plain)]


def _compose(tokens: Sequence[_Token]) -> list[_Token]:
    """Put number words and digits together into one token per number."""
    composed: list[_Token] = []
    at = 0
    while at < len(tokens):
        taken, number = _number_at(tokens, at)
        composed.append(number or tokens[at])
        at += taken or 1
    return _join_years(composed)


def _number_at(tokens: Sequence[_Token], at: int) -> tuple[int, _Token | None]:
    composer, end, soft, texts = Composer(), at, True, []
    if tokens[at].kind == "number":
        composer.total = literal_value(tokens[at].text)
        composer.words, end, soft = 1, at + 1, False
        composer.group, composer.total = composer.total, Decimal(0)
        texts = [tokens[at].text]
    while end < len(tokens):
        step = 2 if _links(tokens, end, composer) else 1
        word = tokens[end + step - 1] if end + step - 1 < len(tokens) else None
        numeral = NUMERALS.get(word.text) if word and word.kind == "word" else None
        if word is None or numeral is None or not composer.add(numeral):
            break
        soft = soft and word.text in SOFT_WORDS
        texts.append(word.text)
        end += step
    if end == at:
        return 0, None
    value, end = _with_fraction(tokens, end, composer.value)
    multiplier = NUMERALS.get(tokens[end].text) if end < len(tokens) else None
    if multiplier and multiplier.multiplies and value != composer.value:
        value, end = value * multiplier.value, end + 1
    written = " ".join(texts)
    return end - at, _Token("value", written, value, composer.closed, soft)


def _links(tokens: Sequence[_Token], at: int, composer: Composer) -> bool:
    """Tell whether ``and`` stands inside a number: two hundred and five."""
    return tokens[at].text == "and" and composer.words > 0 and composer.value % 100 == 0


def _with_fraction(tokens: Sequence[_Token], end: int, value: Decimal) -> tuple[Decimal, int]:
    """Add what follows: ``and a half``, ``с половиной``, ``point five``, ``целых пять десятых``."""
    following = [token.text for token in tokens[end : end + 3]]
    if following[:3] == ["and", "a", "half"]:
        return value + Decimal("0.5"), end + 3
    if following[:2] == ["с", "половиной"]:
        return value + Decimal("0.5"), end + 2
    digit = NUMERALS.get(following[1]) if len(following) > 1 else None
    if digit is None or digit.value > 9:
        return value, end
    if following[0] == "point":
        return value + digit.value / 10, end + 2
    if following[0] in _WHOLES and following[-1] in _PARTS:
        return value + digit.value / _PARTS[following[-1]], end + 3
    return value, end


def _join_years(tokens: list[_Token]) -> list[_Token]:
    """Read ``twenty twenty four`` and ``nineteen ninety nine`` as years."""
    joined: list[_Token] = []
    for token in tokens:
        last = joined[-1] if joined else None
        if last and _is_spoken(last, 19, 20) and _is_spoken(token, 10, 99):
            assert last.value is not None
            assert token.value is not None
            year = last.value * 100 + token.value
            joined[-1] = _Token("value", f"{last.text} {token.text}", year)
        else:
            joined.append(token)
    return joined


def _is_spoken(token: _Token, lowest: int, highest: int) -> bool:
    """Tell whether the token is a number said in words, within bounds."""
    spoken = token.value is not None and not token.text[:1].isdigit() and not token.ordinal
    return spoken and token.value is not None and lowest <= token.value <= highest


def literal_value(text: str) -> Decimal:
    """Return the number that digits write: groups by spaces or commas, decimals by . or ,"""
    compact = re.sub(r"[ \u00a0\u202f]", "", text)
    if re.fullmatch(r"\d{1,3}(,\d{3})+", compact):
        compact = compact.replace(",", "")
    return Decimal(compact.replace(",", ".")).normalize()


def _read_written(tokens: list[_Token], facts: Facts) -> None:
    """Read dates that are written in digits alone; times so written are read later."""
    for token in tokens:
        parts = [int(part) for part in re.split(r"[-./:]", token.text) if part.isdigit()]
        if token.kind == "iso":
            facts.dates.append(Date(parts[2], parts[1], parts[0]))
        elif token.kind == "dotted":
            year = parts[2] if parts[2] > 99 else 2000 + parts[2]
            facts.dates.append(Date(parts[0], parts[1], year))
        token.used = token.kind in {"iso", "dotted", "clock"}


def _read_dates(tokens: list[_Token], facts: Facts) -> None:
    """Read a month with its day on either side: March the ninth, 9 марта 2024 года."""
    for at, token in enumerate(tokens):
        if token.text not in MONTHS:
            continue
        day_at = _day_near(tokens, at)
        if day_at is None:
            continue
        day, year = tokens[day_at], _year_after(tokens, max(at, day_at))
        assert day.value is not None
        found = Date(int(day.value), MONTHS[token.text], int(year.value or 0) if year else None)
        facts.dates.append(found)
        facts.months.add(found.month)
        for used in (token, day, year):
            if used:
                used.used = True
        # "On the ninth" in an item may rest on "on the ninth of March".
        facts.numbers += [Number(Decimal(part), soft=True) for part in (day.value, *_years(year))]


def _years(year: _Token | None) -> list[Decimal]:
    return [year.value] if year and year.value is not None else []


def _day_near(tokens: list[_Token], month_at: int) -> int | None:
    """Return the index of the day that stands before or after a month."""
    for direction in (-1, 1):
        at = month_at + direction
        while 0 <= at < len(tokens) and tokens[at].text in _FILLERS:
            at += direction
        if 0 <= at < len(tokens) and _whole(tokens[at], 1, 31) and not tokens[at].used:
            return at
    return None


def _year_after(tokens: list[_Token], at: int) -> _Token | None:
    skip = at + 1
    while skip < len(tokens) and tokens[skip].text in _FILLERS | {","}:
        skip += 1
    return tokens[skip] if skip < len(tokens) and _whole(tokens[skip], 1900, 2100) else None


def _whole(token: _Token, lowest: int, highest: int) -> bool:
    value = token.value
    return value is not None and value == value.to_integral_value() and lowest <= value <= highest


def _read_times(tokens: list[_Token], facts: Facts) -> None:
    """Read ``5 pm``, ``в десять утра``, ``at three o'clock``; and perhaps ``at ten thirty``."""
    for token, following in zip(tokens, [*tokens[1:], _Token("stop", "")], strict=True):
        if token.kind == "clock" and token.used:
            _read_clock(token, following.text, facts)
        elif not _whole(token, 0, 24) or token.ordinal or token.used:
            continue
        elif following.text in _CLOCK_WORDS:
            facts.times.append(Time(_of_day(int(token.value or 0), following.text)))
            facts.numbers.append(Number(token.value or Decimal(0), soft=True))
            token.used = following.used = True
        elif following.text in _HOURS:
            facts.possible_times.append(Time(int(token.value or 0)))
        elif _whole(following, 5, 59):
            facts.possible_times.append(Time(int(token.value or 0), int(following.value or 0)))


def _read_clock(token: _Token, part: str, facts: Facts) -> None:
    hour, minute = (int(piece) for piece in token.text.split(":"))
    facts.times.append(Time(_of_day(hour, part), minute))
    # "At ten thirty" in an item may rest on "10:30".
    facts.numbers += [Number(Decimal(part), soft=True) for part in (hour, minute)]


def _of_day(hour: int, part: str) -> int:
    return hour + 12 if _DAY_PARTS.get(part) == 12 and hour < 12 else hour


def _read_numbers(tokens: list[_Token], facts: Facts) -> None:
    for at, token in enumerate(tokens):
        if token.value is None or token.used:
            continue
        unit = _unit_of(tokens, at)
        facts.numbers.append(Number(token.value.normalize(), unit, token.soft and not unit))
        token.used = True


def _unit_of(tokens: list[_Token], at: int) -> str:
    """Return the unit after the number, or the currency sign before it."""
    after = at + 1
    if after < len(tokens) and tokens[after].text in _ORDINAL_MARKS:
        after += 1
    if after < len(tokens) and tokens[after].text in UNITS:
        tokens[after].used = True
        return UNITS[tokens[after].text]
    before = tokens[at - 1] if at else None
    return UNITS.get(before.text, "") if before and before.kind == "sign" else ""


def _read_calendar(tokens: list[_Token], facts: Facts) -> None:
    """Read months and weekdays that stand alone; ``may`` and ``march`` only where a month can."""
    for at, token in enumerate(tokens):
        if token.text in WEEKDAYS:
            facts.weekdays.add(WEEKDAYS[token.text])
            token.used = True
        if token.text in MONTHS and not token.used and _is_month(tokens, at):
            facts.months.add(MONTHS[token.text])
            token.used = True


def _is_month(tokens: list[_Token], at: int) -> bool:
    if tokens[at].text not in _AMBIGUOUS_MONTHS:
        return True
    return at > 0 and tokens[at - 1].text in _BEFORE_A_MONTH


def all_of(parts: Iterable[Facts]) -> Facts:
    """Return what several texts state together."""
    whole = Facts()
    for part in parts:
        whole.numbers += part.numbers
        whole.dates += part.dates
        whole.times += part.times
        whole.possible_times += part.possible_times
        whole.months |= part.months
        whole.weekdays |= part.weekdays
        whole.words_used |= part.words_used
    return whole
