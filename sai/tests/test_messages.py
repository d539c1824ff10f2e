"""Every text that people read has a Russian one, and the compiled file is fresh."""

from gettext import GNUTranslations
from io import BytesIO

from sai import messages


def test_every_text_has_a_russian_one():
    catalog = messages.read()
    known = {(message.id, message.context) for message in catalog if message.id}
    wanted = {(message.id, message.context) for message in messages.collect() if message.id}
    run = "run `python -m sai.messages` and fill in what is empty"
    assert wanted - known == set(), run
    assert messages.untranslated(catalog) == [], run


def test_the_compiled_file_is_fresh():
    assert messages.MO.read_bytes() == messages.compiled(messages.read())


def test_russian_keeps_every_placeholder():
    broken = []
    for message in messages.read():
        if message.id and message.python_format:
            broken += [(message.id, str(error)) for error in message.check()]
    assert broken == []


def test_a_number_takes_its_form():
    russian = GNUTranslations(BytesIO(messages.MO.read_bytes()))
    one, many = "%(n)d recording was taken in.", "%(n)d recordings were taken in."
    said = [russian.ngettext(one, many, n) % {"n": n} for n in (1, 3, 5, 21, 11)]
    assert said == [
        "Принята 1 запись.",
        "Приняты 3 записи.",
        "Принято 5 записей.",
        "Принята 21 запись.",
        "Принято 11 записей.",
    ]
