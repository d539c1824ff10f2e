"""Numbers as people say and write them, in Russian and English: tables and one composer. Pure.

``twenty five``, ``25``, ``двадцати пяти`` and ``25-го`` are all 25; ``25 тысяч``, ``25k`` and
``25 000`` all 25000; ``полтора миллиона`` is 1500000; ``twenty twenty four`` is 2024.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from analytics.words import word_set

# Too common as articles and pronouns to be demanded of the evidence.
SOFT_WORDS = word_set(
    "one first second half один одна одно одного одной одному одну одним одном первый первая "
    "первое первого первой первом первую первые первых пара пару половина половину половины"
)


@dataclass(frozen=True, slots=True)
class Numeral:
    """One number word: its value; whether it multiplies what stands before, or ends a number."""

    value: Decimal
    multiplies: bool = False
    ordinal: bool = False


_ENGLISH_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_ENGLISH_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ENGLISH_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_ENGLISH_BIG = {
    100: "hundred hundreds",
    1000: "thousand thousands k",
    10**6: "million millions mln",
    10**9: "billion billions bn",
}


def _english() -> Iterable[tuple[str, Numeral]]:
    for value, word in enumerate(_ENGLISH_ONES.split()):
        yield word, Numeral(Decimal(value))
    for value, word in enumerate(_ENGLISH_TENS.split(), 2):
        yield word, Numeral(Decimal(value * 10))
        yield word[:-1] + "ieth", Numeral(Decimal(value * 10), ordinal=True)
    for value, word in enumerate(_ENGLISH_ORDINALS.split(), 1):
        yield word, Numeral(Decimal(value), ordinal=True)
    yield from _multipliers(_ENGLISH_BIG)
    yield from (("dozen", Numeral(Decimal(12))), ("half", Numeral(Decimal("0.5"))))


def _multipliers(table: dict[int, str]) -> Iterable[tuple[str, Numeral]]:
    for value, words in table.items():
        yield from ((word, Numeral(Decimal(value), multiplies=True)) for word in words.split())


_SMALL = {
    0: "ноль нуля нулю нулем ноле",
    1: "один одна одно одного одной одному одну одним одном",
    2: "два две двух двум двумя двое двоих двоим",
    3: "три трех трем тремя трое троих троим",
    4: "четыре четырех четырем четырьмя четверо четверых",
    5: "пятеро пятерых",
    6: "шестеро шестерых",
    7: "семеро семерых",
    8: "восемь восьми восемью восьмью",
    40: "сорок сорока",
    90: "девяносто девяноста",
    100: "сто ста",
}
_SOFT_SIGN = {
    5: "пят", 6: "шест", 7: "сем", 9: "девят", 10: "десят", 11: "одиннадцат", 12: "двенадцат",
    13: "тринадцат", 14: "четырнадцат", 15: "пятнадцат", 16: "шестнадцат", 17: "семнадцат",
    18: "восемнадцат", 19: "девятнадцат", 20: "двадцат", 30: "тридцат",
}  # fmt: skip
_TENS = {50: ("пят", "десят"), 60: ("шест", "десят"), 70: ("сем", "десят"), 80: ("восем", "десят")}
_HUNDREDS = {
    200: "двести двухсот двумстам двумястами двухстах",
    300: "триста трехсот тремстам тремястами трехстах",
    400: "четыреста четырехсот четыремстам четырьмястами четырехстах",
    500: "пятьсот пятисот пятистам пятьюстами пятистах",
    600: "шестьсот шестисот шестистам шестьюстами шестистах",
    700: "семьсот семисот семистам семьюстами семистах",
    800: "восемьсот восьмисот восьмистам восемьюстами восьмистах",
    900: "девятьсот девятисот девятистам девятьюстами девятистах",
}
_ORDINAL_STEMS = {
    1: "перв", 2: "втор", 4: "четверт", 5: "пят", 6: "шест", 7: "седьм", 8: "восьм", 9: "девят",
    10: "десят", 11: "одиннадцат", 12: "двенадцат", 13: "тринадцат", 14: "четырнадцат",
    15: "пятнадцат", 16: "шестнадцат", 17: "семнадцат", 18: "восемнадцат", 19: "девятнадцат",
    20: "двадцат", 30: "тридцат", 40: "сороков", 50: "пятидесят", 60: "шестидесят",
    70: "семидесят", 80: "восьмидесят", 90: "девяност", 100: "сот", 2000: "двухтысячн",
}  # fmt: skip
_ORDINAL_ENDINGS = "ый ой ий ого ому ым ом ая ую ое ые ых ыми"
_THIRD = "третий третьего третьему третьим третьем третья третьей третью третье третьи третьих"
_BIG = {
    1000: "тысяча тысячи тысячу тысяче тысячей тысячью тысяч тысячам тысячами тысячах тыс",
    10**6: "миллион миллиона миллиону миллионом миллионе миллионы миллионов миллионам млн",
    10**9: "миллиард миллиарда миллиарду миллиардом миллиарде миллиарды миллиардов млрд",
}


_PARTS = {
    "1.5": "полтора полторы полутора",
    "0.5": "половина половину половины половиной",
    "500": "полтысячи",
    "500000": "полмиллиона",
    "500000000": "полмиллиарда",
}


def _russian() -> Iterable[tuple[str, Numeral]]:
    for value, words in [*_SMALL.items(), *_HUNDREDS.items(), *_PARTS.items()]:
        yield from ((word, Numeral(Decimal(str(value)))) for word in words.split())
    for (value, start), ending in product(_SOFT_SIGN.items(), ("ь", "и", "ью")):
        yield start + ending, Numeral(Decimal(value))
    for value, (start, rest) in _TENS.items():
        oblique = "восьми" if value == 80 else start + "и"
        forms = (f"{start}ь{rest}", f"{oblique}{rest}и", f"{start}ью{rest}ью")
        yield from ((form, Numeral(Decimal(value))) for form in forms)
    for (value, start), ending in product(_ORDINAL_STEMS.items(), _ORDINAL_ENDINGS.split()):
        yield start + ending, Numeral(Decimal(value), ordinal=True)
    yield from ((word, Numeral(Decimal(3), ordinal=True)) for word in _THIRD.split())
    yield from _multipliers(_BIG)


NUMERALS: dict[str, Numeral] = {**dict(_russian()), **dict(_english())}


class Composer:
    """Puts the words of one spoken number together.

    ``add`` returns False when a word cannot belong to the number said so far: ``five six``.
    """

    def __init__(self) -> None:
        self.total = Decimal(0)
        self.group: Decimal | None = None
        self.closed = False
        self.words = 0

    def add(self, numeral: Numeral) -> bool:
        """Take one more word into the number, if it fits."""
        if self.closed or not self._fits(numeral):
            return False
        if numeral.multiplies:
            self._multiply(numeral.value)
        else:
            self.group = (self.group or Decimal(0)) + numeral.value
        self.closed = numeral.ordinal
        self.words += 1
        return True

    @property
    def value(self) -> Decimal:
        """The number so far."""
        return self.total + (self.group or Decimal(0))

    def _multiply(self, by: Decimal) -> None:
        group = Decimal(1) if self.group is None else self.group
        if by == 100:
            self.group = group * by
        else:
            self.total, self.group = self.total + group * by, None

    def _fits(self, numeral: Numeral) -> bool:
        if not self.words:
            return True
        if numeral.multiplies:
            return self.group is not None and (self.total == 0 or numeral.value < self.total)
        if self.group is None:
            return numeral.value < self._place(self.total)
        return 0 < numeral.value < self._place(self.group)

    @staticmethod
    def _place(value: Decimal) -> int:
        """Return the lowest round place that is still empty: 20 gives 10, 2500 gives 100."""
        if value != value.to_integral_value():
            return 0
        whole, place = int(value), 1
        while whole and whole % (place * 10) == 0 and place < 10**9:
            place *= 10
        # "ten" and "fifteen" take no ones after them, "twenty" does.
        return 0 if value % 100 == 10 else place if place > 1 else 0
