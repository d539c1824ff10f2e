"""Does code tell what was said from what was made up? Pairs of item and phrases, ru and en."""

import random

import pytest

from analytics.evidence import Evidence, Item, PhraseText

EN = [
    (1, "Anna", "Good morning everyone, let us begin with the budget for the spring campaign."),
    (
        2,
        "Boris",
        "We have spent twenty five thousand dollars so far, about fifteen percent of it all.",
    ),
    (3, "Anna", "Then I will send the final report to Michael Turner on March ninth."),
    (4, "Boris", "We will not ship the mobile application on Friday, testing is not finished."),
    (5, "Carol", "The warehouse in Leipzig opens at 10:30 and needs three forklifts."),
    (6, "Carol", "Acme Logistics offered a contract for two weeks, the price is 1,500 euros."),
    (7, "Anna", "Everybody agrees that the new logo looks better than the old one."),
    (8, "Boris", "The servers moved to the new data centre in twenty twenty four."),
    (9, "Carol", "we hired twelve engineers and two designers since january"),
    (10, "Anna", "The next meeting is on Tuesday at three pm."),
]
RU = [
    (1, "Анна Петрова", "Доброе утро, коллеги, начнём с бюджета весенней кампании."),
    (2, "Борис", "Мы потратили двадцать пять тысяч рублей, это примерно пятнадцать процентов."),
    (3, "Анна Петрова", "Я отправлю итоговый отчёт Павлу Иванову девятого марта."),
    (4, "Борис", "В пятницу мобильное приложение не выпускаем, тестирование ещё не закончено."),
    (5, "Сергей", "Склад в Саратове открывается в 10:30, нужны три погрузчика."),
    (6, "Сергей", "Компания Ромашка предложила договор на две недели за полтора миллиона рублей."),
    (7, "Анна Петрова", "Все согласны, что новый логотип выглядит лучше старого."),
    (8, "Борис", "Серверы переехали в новый дата-центр в две тысячи двадцать четвёртом году."),
    (9, "Сергей", "с января мы наняли двенадцать инженеров и двух дизайнеров"),
    (10, "Анна Петрова", "Следующая встреча во вторник в три часа дня."),
]

TRUE = [
    ("en", "The team has spent $25,000 so far, about 15% of the budget", (1, 2)),
    ("en", "25 thousand dollars were spent, which is 15 percent", (2,)),
    ("en", "Anna will send the final report to Michael Turner on 9 March", (3,)),
    ("en", "The final report goes to Turner on March 9th", (3,)),
    ("en", "The mobile application will not ship on Friday because testing isn't finished", (4,)),
    ("en", "The Leipzig warehouse opens at 10:30 and needs 3 forklifts", (5,)),
    ("en", "Warehouse opening at ten thirty", (5,)),
    ("en", "Acme Logistics offers a two-week contract priced at €1500", (6,)),
    ("en", "All agree the new logo looks better", (7,)),
    ("en", "Servers were moved to a new data centre in 2024", (8,)),
    ("en", "12 engineers and 2 designers were hired since January", (9,)),
    ("en", "The next meeting takes place on Tuesday at 3 pm", (10,)),
    ("en", "The next meeting is on Tuesday at 15:00", (10,)),
    ("en", "Boris: the application is not shipped on Friday", (4,)),
    ("en", "There is no release of the mobile application on Friday", (4,)),
    ("ru", "Потрачено 25 000 рублей, около 15 %", (2,)),
    ("ru", "Потратили 25 тысяч рублей — пятнадцать процентов бюджета кампании", (1, 2)),
    ("ru", "Анна Петрова отправит итоговый отчет Павлу Иванову 9 марта", (3,)),
    ("ru", "Итоговый отчёт для Иванова будет отправлен девятого марта", (3,)),
    ("ru", "Отчёт получит Павел Иванов 9 марта, отправит его Петрова", (3,)),
    ("ru", "Мобильное приложение в пятницу не выпускают: тестирование не закончено", (4,)),
    ("ru", "Склад в Саратове откроется в 10:30, требуется 3 погрузчика", (5,)),
    ("ru", "Саратовский склад открывается в десять тридцать", (5,)),
    ("ru", "«Ромашка» предложила двухнедельный договор за 1,5 млн рублей", (6,)),
    ("ru", "Договор с Ромашкой на 2 недели, 1 500 000 рублей", (6,)),
    ("ru", "Новый логотип лучше старого, все согласны", (7,)),
    ("ru", "Серверы переехали в новый дата-центр в 2024 году", (8,)),
    ("ru", "Нанято 12 инженеров и 2 дизайнера с января", (9,)),
    ("ru", "Следующая встреча пройдёт во вторник в 15:00", (10,)),
    ("ru", "Следующую встречу проведём во вторник в 3 часа дня", (10,)),
]

FALSE = [
    ("en", "The team has spent $35,000 so far, about 15% of it", (2,), "number"),
    ("en", "They have spent twenty six thousand dollars so far", (2,), "number"),
    ("en", "We have spent 25 thousand euros so far, 15 percent of it", (2,), "number"),
    ("en", "The contract of Acme Logistics is for two months, price 1500 euros", (6,), "number"),
    ("en", "Anna will send the final report to Michael Turner on 10 March", (3,), "date"),
    ("en", "Anna will send the final report to Michael Turner on April ninth", (3,), "date"),
    ("en", "The final report goes to Michael Turner on 9 March 2025", (3,), "date"),
    ("en", "The next meeting is on Wednesday at three pm", (10,), "date"),
    ("en", "The next meeting is on Tuesday at 4 pm", (10,), "time"),
    ("en", "The warehouse in Leipzig opens at 11:30 and needs three forklifts", (5,), "time"),
    ("en", "Anna will send the final report to Michael Gruber on March ninth", (3,), "name"),
    ("en", "Carol will send the final report to Michael Turner on March ninth", (3,), "name"),
    ("en", "Zaharov will send the final report to Michael Turner on March ninth", (3,), "name"),
    ("en", "Umbrella Logistics offered a contract for two weeks", (6,), "name"),
    ("en", "IBM offered a contract for two weeks, the price is 1500 euros", (6,), "name"),
    ("en", "We will ship the mobile application on Friday", (4,), "negation"),
    ("en", "Everybody does not agree that the new logo looks better", (7,), "negation"),
    ("en", "The cafeteria menu gets vegetarian dishes and fresh juice", (7,), "words"),
    ("en", "Approved.", (7,), "words"),
    ("en", "12 engineers and 3 designers were hired since January", (9,), "number"),
    ("en", "Servers were moved to a new data centre in 2023", (8,), "number"),
    ("en", "Everybody agrees that the new logo looks better", (), "no_evidence"),
    ("en", "Everybody agrees that the new logo looks better", (77,), "unknown_phrase"),
    ("en", "  — ", (1,), "empty"),
    ("ru", "Потрачено 35 000 рублей, около 15 %", (2,), "number"),
    ("ru", "Потратили двадцать пять тысяч долларов, пятнадцать процентов", (2,), "number"),
    ("ru", "Потратили двадцать пять тысяч рублей, примерно 16 процентов", (2,), "number"),
    ("ru", "Петрова отправит итоговый отчёт Павлу Иванову 10 марта", (3,), "date"),
    ("ru", "Итоговый отчёт Иванову отправят девятого мая", (3,), "date"),
    ("ru", "Петрова отправит итоговый отчёт Олегу Иванову девятого марта", (3,), "name"),
    ("ru", "Петрова отправит итоговый отчёт Павлу Сидорову девятого марта", (3,), "name"),
    ("ru", "Захаров отправит итоговый отчёт Павлу Иванову девятого марта", (3,), "name"),
    ("ru", "Сергей отправит итоговый отчёт Павлу Иванову девятого марта", (3,), "name"),
    ("ru", "В субботу мобильное приложение не выпускаем", (4,), "date"),
    ("ru", "В пятницу выпускаем мобильное приложение", (4,), "negation"),
    ("ru", "Никто не согласен, что новый логотип выглядит лучше старого", (7,), "negation"),
    ("ru", "Склад в Саратове открывается в 11:30", (5,), "time"),
    ("ru", "Склад в Самаре открывается в 10:30", (5,), "name"),
    ("ru", "Компания Лютик предложила договор на две недели", (6,), "name"),
    ("ru", "Ромашка предложила договор на две недели за 2 миллиона рублей", (6,), "number"),
    ("ru", "Столовая добавит в меню вегетарианские блюда и свежий сок", (7,), "words"),
    ("ru", "Следующая встреча в четверг в три часа дня", (10,), "date"),
    ("ru", "Нанято 12 инженеров и 5 дизайнеров с января", (9,), "number"),
]


def evidence(language: str) -> Evidence:
    phrases = EN if language == "en" else RU
    return Evidence([PhraseText(n, who, n * 10.0, text) for n, who, text in phrases])


@pytest.mark.parametrize(("language", "text", "cited"), TRUE)
def test_a_paraphrase_that_keeps_the_facts_is_verified(
    language: str, text: str, cited: tuple[int, ...]
) -> None:
    assert evidence(language).check(Item(text, cited)).problems == ()


@pytest.mark.parametrize(("language", "text", "cited", "problem"), FALSE)
def test_what_was_not_said_is_not_verified(
    language: str, text: str, cited: tuple[int, ...], problem: str
) -> None:
    verdict = evidence(language).check(Item(text, cited))
    assert not verdict.verified
    assert problem in verdict.problems


@pytest.mark.parametrize("language", ["en", "ru"])
def test_true_statements_with_random_phrases_are_not_verified(language: str) -> None:
    checker, rng = evidence(language), random.Random(5)
    for _, text, cited in [row for row in TRUE if row[0] == language]:
        others = [number for number in range(1, 11) if number not in cited]
        for _ in range(10):
            wrong = Item(text, tuple(rng.sample(others, 2)))
            assert not checker.check(wrong).verified, wrong


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_phrase_stands_in_itself_and_in_no_other(language: str) -> None:
    checker = evidence(language)
    for phrase in checker.phrases:
        for cited in checker.phrases:
            verdict = checker.check(Item(phrase.text, (cited.id,)))
            assert verdict.verified == (phrase.id == cited.id), (phrase, cited, verdict)


def test_citing_the_whole_meeting_proves_nothing() -> None:
    many = [PhraseText(n, "", n, f"Item {n} of the plan is discussed") for n in range(1, 40)]
    verdict = Evidence(many).check(Item("Item 7 of the plan is discussed", tuple(range(1, 40))))
    assert verdict.problems == ("too_many_phrases",)


def test_recognised_speech_has_no_capitals() -> None:
    checker = Evidence([PhraseText(1, "", 0, "anna will call john smith on the first of april")])
    assert checker.check(Item("Anna will call John Smith on April 1", (1,))).verified
    assert not checker.check(Item("Boris will call John Smith on April 1", (1,))).verified


def test_coverage_is_the_share_of_windows_that_items_reach() -> None:
    words = "alpha beta gamma delta epsilon zeta eta theta"
    phrases = [PhraseText(n, "", n, f"{words} {words}") for n in range(100)]
    checker = Evidence(phrases)
    assert checker.coverage([]) == 0.0
    assert checker.coverage([Item("x", tuple(range(100)))]) == pytest.approx(1.0)
    half = checker.coverage([Item("x", tuple(range(50)))])
    assert 0.45 <= half <= 0.55
    one = checker.coverage([Item("x", (3,))])
    assert 0.0 < one < 0.1
    assert Evidence([]).coverage([]) == 0.0
