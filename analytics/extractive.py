"""A summary without any language model: the sentences that say most, word for word.

LexRank: sentences vote for the sentences they resemble (cosine of tf-idf over stems), by power
iteration; then maximal marginal relevance leaves out what was said already. Items stand in the
order of the meeting and are checked like any other's. Deterministic and bounded: at most 1,500
sentences are ranked at once (about a second on one core, 30 MB); more are ranked window by window
first, and the best of every window together. Erkan and Radev 2004; Carbonell and Goldstein 1998.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.evidence import Evidence, Item, PhraseText
from analytics.words import WORD, content_stems, fold

ENGINE = "extractive"
MOST_RANKED = 1500
MOST_TERMS = 4000
LEAST_CONTENT_WORDS = 4
MOST_CHARACTERS = 600
DAMPING = 0.85
ITERATIONS = 60
# How much MMR cares for newness against importance.
NEWNESS = 0.35
FEWEST_ITEMS, MOST_ITEMS = 5, 15
SENTENCES_PER_ITEM = 12
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\s\"»”)]+(?=[A-ZА-ЯЁ\d«“\"(—-])")

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a phrase, its place in the transcript and the stems it is made of."""

    place: int
    phrase: int
    text: str
    stems: tuple[str, ...]


def summarise(
    phrases: Sequence[PhraseText],
    *,
    items: int | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Item]:
    """Return the most telling sentences in the order of time, each citing its phrase.

    ``items``: how many at most; by default one for each twelve sentences, 5 to 15. Russian and
    English are told apart word by word. Returns fewer, or none, when there is too little to say.
    When ``cancelled`` turns true the work stops and nothing is returned.
    """
    sentences = split_sentences(phrases)
    wanted = items or min(MOST_ITEMS, max(FEWEST_ITEMS, len(sentences) // SENTENCES_PER_ITEM))
    candidates = _best_of_windows(sentences, cancelled)
    if cancelled():
        return []
    evidence = Evidence(phrases)
    chosen: list[Sentence] = []
    for sentence in _without_repeats(candidates, wanted * 2):
        item = Item(sentence.text, (sentence.phrase,))
        if len(chosen) < wanted and evidence.check(item).verified:
            chosen.append(sentence)
    chosen.sort(key=lambda sentence: sentence.place)
    return [Item(sentence.text, (sentence.phrase,)) for sentence in chosen]


def split_sentences(phrases: Sequence[PhraseText]) -> list[Sentence]:
    """Cut phrases into sentences worth ranking: four different content words at least.

    When no sentence of the transcript has so many, the ones with two will do.
    """
    found: list[Sentence] = []
    for phrase in phrases:
        for text in _SENTENCE_END.split(phrase.text.strip()):
            stems = tuple(content_stems(text))
            found.append(Sentence(len(found), phrase.id, shorten(text.strip()), stems))
    for least in (LEAST_CONTENT_WORDS, 2):
        worth = [sentence for sentence in found if len(set(sentence.stems)) >= least]
        if worth:
            return worth
    return []


def shorten(text: str) -> str:
    """Cut an endless sentence (speech without full stops) at a word, and show that it was cut."""
    if len(text) <= MOST_CHARACTERS:
        return text
    return text[:MOST_CHARACTERS].rsplit(None, 1)[0] + "…"


def rank(sentences: Sequence[Sentence]) -> tuple[np.ndarray, Matrix]:
    """Return each sentence's importance (they sum to 1) and how alike any two are, 0 to 1.

    Raises ValueError above 1,500 sentences.
    """
    if len(sentences) > MOST_RANKED:
        raise ValueError(f"at most {MOST_RANKED} sentences can be ranked at once")
    vectors = _vectors(sentences)
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, 0.0)
    sums = alike.sum(axis=1, keepdims=True)
    votes = np.divide(alike, sums, out=np.full_like(alike, 1 / len(sentences)), where=sums > 0)
    scores = np.full(len(sentences), 1 / len(sentences), dtype=np.float32)
    for _ in range(ITERATIONS):
        scores = (1 - DAMPING) / len(sentences) + DAMPING * (votes.T @ scores)
    return scores, alike


def _vectors(sentences: Sequence[Sentence]) -> Matrix:
    """Return tf-idf rows of length 1. A stem of one sentence only weighs in its length."""
    frequency = Counter(stem for sentence in sentences for stem in set(sentence.stems))
    shared = [(-count, stem) for stem, count in frequency.items() if count > 1]
    column = {stem: at for at, (_, stem) in enumerate(sorted(shared)[:MOST_TERMS])}
    vectors = np.zeros((len(sentences), max(1, len(column))), dtype=np.float32)
    for row, sentence in enumerate(sentences):
        weights = {
            stem: times * math.log(1 + len(sentences) / frequency[stem])
            for stem, times in Counter(sentence.stems).items()
        }
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        for stem, weight in weights.items():
            if stem in column:
                vectors[row, column[stem]] = weight / length
    return vectors


def _best_of_windows(
    sentences: Sequence[Sentence], cancelled: Callable[[], bool]
) -> Sequence[Sentence]:
    """Bring any number of sentences down to 1,500: the best of each window of the transcript."""
    while len(sentences) > MOST_RANKED:
        windows = math.ceil(len(sentences) / MOST_RANKED)
        size = math.ceil(len(sentences) / windows)
        kept = max(1, MOST_RANKED // windows) if windows < MOST_RANKED else 1
        best: list[Sentence] = []
        for start in range(0, len(sentences), size):
            if cancelled():
                return []
            best += _best(sentences[start : start + size], min(kept, size - 1))
        sentences = best
    return sentences


def _best(window: Sequence[Sentence], count: int) -> list[Sentence]:
    scores, _ = rank(window)
    order = sorted(range(len(window)), key=lambda at: (-scores[at], at))
    return [window[at] for at in sorted(order[:count])]


def _without_repeats(sentences: Sequence[Sentence], count: int) -> list[Sentence]:
    """Choose by maximal marginal relevance: important, and unlike what is chosen already."""
    if not sentences:
        return []
    scores, alike = rank(sentences)
    worth = scores / scores.max()
    nearest = np.zeros(len(sentences), dtype=np.float32)
    chosen: list[Sentence] = []
    said: set[tuple[str, ...]] = set()
    for _ in range(min(len(sentences), 4 * count)):
        marginal = (1 - NEWNESS) * worth - NEWNESS * nearest
        at = int(np.argmax(marginal))
        worth[at] = -np.inf
        nearest = np.maximum(nearest, alike[at])
        words = tuple(WORD.findall(fold(sentences[at].text)))
        if words not in said:
            chosen.append(sentences[at])
        said.add(words)
        if len(chosen) == count:
            break
    return chosen
