"""Does the summary without a model say what matters, once, in order, quickly and verifiably?"""

import random
import time
import tracemalloc

import pytest

from analytics import extractive
from analytics.evidence import Evidence, PhraseText
from analytics.extractive import MOST_RANKED, rank, split_sentences, summarise

RU = [
    "Доброе утро, коллеги.",
    "Сегодня обсуждаем запуск мобильного приложения и бюджет рекламной кампании.",
    "Погода хорошая, я пришёл пешком.",
    "Запуск мобильного приложения назначен на девятое марта.",
    "Для запуска мобильного приложения нужен бюджет пятьсот тысяч рублей на рекламную кампанию.",
    "Ага.",
    "Анна подготовит бюджет рекламной кампании к пятнице.",
    "Для запуска мобильного приложения нужен бюджет пятьсот тысяч рублей на рекламную кампанию.",
    "Кстати, кофе закончился.",
    "Рекламную кампанию приложения начнём после запуска, бюджет согласует Борис.",
]


def phrases(texts: list[str]) -> list[PhraseText]:
    return [PhraseText(n * 10, "S", float(n), text) for n, text in enumerate(texts, 1)]


def long_talk(count: int, seed: int = 1) -> list[PhraseText]:
    rng = random.Random(seed)
    words = [f"{''.join(rng.choices('абвгдежзиклмнопрст', k=7))}" for _ in range(3000)]
    weights = [1 / (rank_ + 1) for rank_ in range(3000)]
    return phrases(
        [" ".join(rng.choices(words, weights, k=14)).capitalize() + "." for _ in range(count)]
    )


def test_it_takes_the_topic_and_leaves_the_chatter() -> None:
    items = summarise(phrases(RU), items=3)
    said = " ".join(item.text for item in items)
    assert len(items) == 3
    assert "приложения" in said
    assert "кофе" not in said
    assert "Погода" not in said


def test_items_are_verbatim_in_order_verified_and_unrepeated() -> None:
    given = phrases(RU)
    items = summarise(given, items=5)
    texts = {phrase.id: phrase.text for phrase in given}
    assert [item.evidence for item in items] == sorted(item.evidence for item in items)
    assert all(item.text in texts[item.evidence[0]] for item in items)
    assert all(Evidence(given).check(item).verified for item in items)
    assert len({item.text for item in items}) == len(items)


def test_english_without_punctuation_or_capitals() -> None:
    items = summarise(
        phrases(
            [
                "hello there",
                "the new release needs a security review before friday",
                "the security review of the release takes three days",
                "my cat sleeps on the warm kitchen floor",
                "david starts the security review of the new release tomorrow",
            ]
        ),
        items=2,
    )
    assert all("release" in item.text for item in items)


def test_the_same_talk_gives_the_same_summary() -> None:
    assert summarise(long_talk(300)) == summarise(long_talk(300))


@pytest.mark.parametrize("texts", [[], [""], ["Ага."], ["Да.", "Нет.", "!!!"]])
def test_nothing_to_say_gives_no_items(texts: list[str]) -> None:
    assert summarise(phrases(texts)) == []


def test_one_sentence_is_its_own_summary() -> None:
    (item,) = summarise(phrases(["Анна подготовит бюджет рекламной кампании к пятнице."]))
    assert item.evidence == (10,)


def test_a_phrase_of_several_sentences_is_cut() -> None:
    text = "Анна готовит бюджет рекламной кампании. Борис проверит запуск нового приложения."
    assert [s.phrase for s in split_sentences(phrases([text]))] == [10, 10]


def test_endless_speech_is_cut_at_a_word() -> None:
    (item,) = summarise(phrases(["очень длинный рассказ про бюджет " * 100]))
    assert len(item.text) <= extractive.MOST_CHARACTERS + 1
    assert item.text.endswith("…")


def test_fifteen_hundred_sentences_take_less_than_two_seconds() -> None:
    talk = long_talk(MOST_RANKED)
    began = time.process_time()
    items = summarise(talk)
    assert time.process_time() - began < 2.0
    assert len(items) == extractive.MOST_ITEMS


def test_ten_thousand_sentences_stay_bounded() -> None:
    talk = long_talk(10_000)
    tracemalloc.start()
    began = time.monotonic()
    items = summarise(talk)
    spent, (_, peak) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(items) == extractive.MOST_ITEMS
    assert spent < 40
    assert peak < 200 * 1024 * 1024
    places = [item.evidence[0] for item in items]
    assert min(places) < 40_000 < max(places), "only one end of the talk was read"


def test_more_than_the_bound_is_refused_by_rank() -> None:
    with pytest.raises(ValueError, match="1500"):
        rank(split_sentences(long_talk(MOST_RANKED + 1)))


def test_cancel_stops_between_windows() -> None:
    calls: list[int] = []

    def cancelled() -> bool:
        calls.append(1)
        return len(calls) > 1

    assert summarise(long_talk(4000), cancelled=cancelled) == []
    assert len(calls) <= 4
