"""Names of people and organisations in a text, compared through Russian declension. Pure.

No dictionary of names can be whole, so the rules lean to the strict side inside a sentence (every
capitalised word is a name) and to the mild side at its beginning, where every word has a capital.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from analytics.calendar_words import MONTHS, WEEKDAYS
from analytics.numerals import NUMERALS
from analytics.words import STOP_WORDS, fold, is_cyrillic, stem, word_set

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NEW_SENTENCE = re.compile(r"(?:^|[.!?:;\n]|[—–-] )[\s\"«“'(\[]*$")
_ENDINGS = word_set(
    "а я у ю ы и е о ь й ой ей ою ею ом ем им ым ам ям ами ями ах ях ых их ий ый ого ому ая ую"
)
# Surnames that decline like adjectives lose more than case endings; the base is what stays.
_SURNAME = re.compile(r"(.{2,}(?:ов|ев|ин|ын))(?:а|у|ым|е|ой|ою|ы|ых|ым|ыми|ом)?")
_NAME_LIKE = re.compile(
    r".{2,}(?:ов|ев|ин|ын|ский|цкий|ская|цкая|енко|чук|ова|ева|ина|ович|евич|овна|евна|дзе|швили|ян)"
)
_RUSSIAN_VERB = re.compile(r".+(?:ет|ит|ут|ют|ат|ят|ется|ится|утся|ются|л|ла|ли|лся|лась|лись)")
_ENGLISH_VERBS = word_set(
    "will has is was said says should must agreed promised wants needs plans asked decided would "
    "proposed suggested told thinks can prepares sends takes makes"
)
_ANYBODY = word_set(
    "team everyone everybody participants participant meeting company speaker speakers group users "
    "discussion management somebody someone people colleagues client customer решение команда "
    "участники участник встреча компания спикер группа коллеги клиент заказчик"
)
GIVEN_NAMES = word_set(
    """
    adam alan albert alex alexander alice amanda amy andrew angela ann anna anne anthony barbara ben
    benjamin betty bob boris brian bruce carl carol catherine charles chris christine christopher
    claire daniel dave david deborah dennis diana donald donna dorothy edward elena elizabeth emily
    emma eric eva frank fred gary george grace hannah harry helen henry igor irene ivan jack jacob
    james jane janet jason jean jennifer jeremy jessica jim joan joe john jonathan joseph julia
    julie karen kate keith kelly kevin kim larry laura linda lisa louis lucy luke margaret maria
    marie mark martha martin mary matthew michael michelle mike nancy nick nicole oliver olga oscar
    pamela patricia patrick paul peter philip rachel ralph rebecca richard robert roger ronald rose
    roy russell ruth ryan sam samuel sandra sarah scott sean sharon simon sophia stephanie stephen
    steve steven susan teresa thomas tim timothy tom tony victor victoria vincent virginia walter
    wayne wendy william zoe
    александр александра алексей алена алина алла анастасия анатолий андрей анна антон антонина
    аркадий артем артур богдан борис вадим валентин валентина валерий валерия василий вера вероника
    виктор виктория виталий владимир владислав вячеслав галина геннадий георгий глеб григорий дарья
    денис дмитрий евгений евгения егор екатерина елена елизавета жанна зинаида зоя иван игорь илья
    инна ирина кирилл константин ксения лариса леонид лидия людмила маргарита марина мария максим
    михаил надежда наталья наталия никита николай нина оксана олег ольга павел петр полина раиса
    роман руслан сергей светлана семен станислав степан тамара татьяна тимофей тимур федор филипп
    эдуард юлия юрий яков яна ярослав маша саша петя вася коля миша дима женя лена оля катя таня
    """
)


@dataclass(frozen=True, slots=True)
class Names:
    """What must stand in the evidence.

    ``subjects`` may be plain words too: unknown words that begin a sentence before a verb.
    """

    certain: tuple[str, ...]
    subjects: tuple[str, ...]


@lru_cache(maxsize=50_000)
def name_keys(word: str) -> frozenset[str]:
    """Return what a folded name may be without its ending: two names match if these meet.

    ``Павел`` and ``Павла`` meet, ``Иван`` and ``Иванов`` do not. Genders of one name (``Валентин``,
    ``Валентина``) do meet: their cases are spelled alike.
    """
    if not is_cyrillic(word):
        return frozenset({word.removesuffix("'s")})
    if surname := _SURNAME.fullmatch(word):
        return frozenset({word, surname[1]})
    bare = [word.removesuffix(end) for end in _ENDINGS if word.endswith(end)]
    keys = {word, *(key for key in bare if len(key) >= 3)}
    fleeting = re.fullmatch(r"(.{2,})[ео]([^аеиоуыэюяьй])", word)
    return frozenset(keys | ({fleeting[1] + fleeting[2]} if fleeting else set()))


def keys_of(words: Iterable[str]) -> frozenset[str]:
    """Return the keys of many words."""
    return frozenset(key for word in words for key in name_keys(fold(word)))


def words_of(text: str) -> list[str]:
    """Return the words of a text as written."""
    return _WORD.findall(text)


def read(text: str, known: frozenset[str]) -> Names:
    """Find the names of a text; ``known`` are keys of names met elsewhere (see keys_of)."""
    certain: list[str] = []
    subjects: list[str] = []
    matches = list(_WORD.finditer(text))
    shouted = text.isupper()
    for at, match in enumerate(matches):
        written, word = match[0], fold(match[0])
        if not written[0].isupper() or _is_plain(word):
            continue
        begins = shouted or bool(_NEW_SENTENCE.search(text[: match.start()]))
        if not begins or _is_name_by_itself(written, word, known, shouted):
            certain.append(word)
        elif at + 1 < len(matches) and _is_subject(word, matches[at + 1][0]):
            subjects.append(word)
    return Names(tuple(certain), tuple(subjects))


def _is_plain(word: str) -> bool:
    short = len(word) < 2
    return short or word in STOP_WORDS or word in MONTHS or word in WEEKDAYS or word in NUMERALS


def _is_name_by_itself(written: str, word: str, known: frozenset[str], shouted: bool) -> bool:
    abbreviation = len(written) > 1 and written.isupper() and not shouted
    keys = name_keys(word)
    return abbreviation or bool(keys & known) or bool(keys & _GIVEN_KEYS)


def _is_subject(word: str, next_written: str) -> bool:
    """Tell whether an unknown word that begins a sentence reads like a name."""
    following = fold(next_written)
    if word in _ANYBODY:
        return False
    if is_cyrillic(word):
        return bool(_NAME_LIKE.fullmatch(word) and _RUSSIAN_VERB.fullmatch(following))
    # "Umbrella Logistics", but not "Yesterday Anna".
    first_of_two = next_written[0].isupper() and not name_keys(following) & _GIVEN_KEYS
    return following in _ENGLISH_VERBS or (first_of_two and not _is_plain(following))


def known_names(texts: Iterable[str], speakers: Iterable[str]) -> frozenset[str]:
    """Return keys of the names a whole transcript shows inside its sentences, and its speakers."""
    inside = {
        fold(match[0])
        for text in texts
        for match in _WORD.finditer(text)
        if match[0][0].isupper()
        and not _NEW_SENTENCE.search(text[: match.start()])
        and not _is_plain(fold(match[0]))
    }
    named = {fold(word) for speaker in speakers for word in words_of(speaker)}
    return keys_of(word for word in inside | named if len(word) > 1)


def stands_in(name: str, keys: frozenset[str], stems: frozenset[str]) -> bool:
    """Tell whether a folded name stands among words, given their keys and stems."""
    return bool(name_keys(name) & keys) or stem(name) in stems


_GIVEN_KEYS = frozenset(GIVEN_NAMES)
