"""Words as evidence sees them: folded, stemmed, without the ones that say nothing.

Russian and English side by side, chosen word by word from the script. Pure.
"""

import re
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_STRESS = "\u0301"
_LOCK = threading.Lock()
_STEMMERS = {
    "ru": snowballstemmer.stemmer("russian"),
    "en": snowballstemmer.stemmer("english"),
}


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text as a set: a readable way to write a long table."""
    return frozenset(text.split())


STOP_WORDS = word_set(
    """
    a about above after again all also am an and any are as at be because been before being
    below between both but by can could did do does doing down during each few for from further
    had has have having he her here hers herself him himself his how i i'd i'll i'm i've if in
    into is it it's its itself just let let's me more most my myself now of off on once only or
    other our ours ourselves out over own same shall she should so some such than that that's
    the their theirs them themselves then there these they they're this those through to too
    under until up us very was we we'd we'll we're we've were what when where which while who
    whom why will with would yeah yes yet you you're your yours yourself okay ok well um uh oh
    so like really actually right gonna а без бы был была были было быть в вам вами вас весь во
    вот все всего всей всем всех всю всё вы где да даже для до его ее ей ему если есть еще ж же
    за и из или им ими их к как какая какие какой когда ко который которая которое которые
    которого которой которых кто ли либо меня мне мной мною можно мой моя мы на над надо нам
    нами нас наш наша наше наши него нее ней нем них но ну о об однако он она они оно от очень
    перед по под пока после потом потому почти при про просто раз с сам сама сами само свой своя
    свое свои своего своей своих себе себя со так такая такие такой там тебе тебя тем теперь то
    тобой тогда того тоже той только том тот тою ты у уже хотя чего чей чем что чтобы чье эта
    эти этим этих это этого этой этом этому этот эту я вообще ага угу мм значит типа короче
    давайте также будет будем будут буду
    """
)

# They turn a statement round; read by evidence.py, so they are no content words.
NEGATORS = word_set(
    "не ни нет никогда нельзя никто ничего без not no never cannot none nobody nothing without"
)


def fold(text: str) -> str:
    """Return the text in one form: NFKC, lower case, ё as е, no stress marks."""
    plain = unicodedata.normalize("NFKC", text).replace(_STRESS, "")
    return plain.casefold().replace("ё", "е").replace("’", "'")


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the stem of one folded word; the stemmer is chosen by the word's script."""
    word = word.removesuffix("'s")
    with _LOCK:  # a snowball stemmer keeps its word in itself
        return _STEMMERS["ru" if is_cyrillic(word) else "en"].stemWord(word)


def is_cyrillic(word: str) -> bool:
    """Tell whether the word is written in Cyrillic (one letter is enough)."""
    return any("а" <= letter <= "я" or letter == "ё" for letter in word)


def language_of(text: str) -> str:
    """Return ``"ru"`` or ``"en"``, whichever script the text has more letters of."""
    folded = text.casefold()
    cyrillic = sum("а" <= letter <= "я" or letter == "ё" for letter in folded)
    latin = sum("a" <= letter <= "z" for letter in folded)
    return "ru" if cyrillic > latin else "en"


def is_negator(word: str) -> bool:
    """Tell whether a folded word denies: ``не``, ``not``, ``won't``."""
    return word in NEGATORS or word.endswith("n't")


def is_content(word: str) -> bool:
    """Tell whether a folded word carries meaning of its own."""
    return len(word) > 1 and word not in STOP_WORDS and not is_negator(word)


def content_stems(text: str) -> list[str]:
    """Return the stems of the content words of a text, in order, repeats kept."""
    return [stem(word) for word in WORD.findall(fold(text)) if is_content(word)]


def same_stem(one: str, other: str) -> bool:
    """Tell whether two stems are of one family: equal, or alike but for a short ending.

    Snowball gives запуск and запуст, решен and реш: four shared letters (three if one of them
    ends there) and at most three left over on either side count as the same.
    """
    if one == other:
        return True
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    shortest, longest = sorted((len(one), len(other)))
    return shared >= max(4, longest - 3) or (shared == shortest >= 3 and longest - shared <= 2)
