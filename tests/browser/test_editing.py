"""Correcting a transcript in a browser, while somebody else is looking."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from recognition import services
from tests.browser import scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def look(page, name):
    """Screenshots to look at by hand: SAI_LOOK names a folder."""
    folder = os.environ.get("SAI_LOOK")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def line(page, number):
    return page.locator("#lines > .phrase").nth(number)


def correct(page, number):
    line(page, number).hover()
    line(page, number).locator(".phrase-edit").click()
    form = page.locator("form.phrase").first
    expect(form.get_by_label("Words of the line")).to_be_focused()
    return form


def test_words_are_corrected_split_given_to_another_and_taken_back(page, open_page, anna):
    talk = scene.meeting(anna)
    page.goto(f"/recordings/{talk.pk}/")
    watcher = open_page(anna, color_scheme="dark", viewport={"width": 390, "height": 844})
    watcher.goto(f"/recordings/{talk.pk}/")
    expect(watcher.locator("html")).to_have_attribute("data-live", "on")

    form = correct(page, 1)
    look(page, "form")
    text = form.get_by_label("Words of the line")
    text.fill("Я посчитал: нам нужно триста тысяч рублей, и решение нужно до пятницы.")
    text.press("Enter")
    expect(line(page, 1)).to_contain_text("триста тысяч")
    expect(page.locator("form.phrase")).to_have_count(0)
    expect(watcher.locator(".phrase").nth(1)).to_contain_text("триста тысяч")
    expect(page.locator("#summary-stale")).to_be_visible()
    line(page, 1).get_by_text("триста", exact=True).click()
    expect(line(page, 1).locator(".w.is-now")).to_have_count(1)

    form = correct(page, 0)
    form.get_by_label("Words of the line").evaluate("(one) => one.setSelectionRange(12, 12)")
    form.get_by_role("button", name="Split at the cursor").click()
    expect(page.locator("#lines > .phrase")).to_have_count(10)
    expect(line(page, 0)).to_contain_text("Доброе утро.")
    form = correct(page, 1)
    form.get_by_label("Or a new name").fill("Зоя")
    form.get_by_role("button", name="Save").click()
    expect(line(page, 1).locator(".phrase-who")).to_have_text("Зоя")
    expect(page.locator(".speakers")).to_contain_text("Зоя")
    expect(watcher.locator(".speakers")).to_contain_text("Зоя")
    look(page, "corrected")
    look(watcher, "watcher")

    form = correct(page, 1)
    form.get_by_label("Words of the line").press("Escape")
    expect(page.locator("form.phrase")).to_have_count(0)
    form = correct(page, 1)
    form.locator("[data-undo]").first.click()
    expect(line(page, 1).locator(".phrase-who")).to_have_count(0)

    page.get_by_role("link", name="2 corrections").click()
    look(page, "edits")
    page.get_by_role("button", name="Take back").first.click()
    expect(page.locator(".correction.is-undone")).to_have_count(2)
    page.get_by_role("link", name="What changed").click()
    expect(page.locator(".difference ins").first).to_have_text("триста")
    expect(page.locator(".difference del").first).to_have_text("двести сорок")
    look(page, "difference")


def test_two_who_correct_the_same_line(page, anna):
    talk = scene.meeting(anna)
    page.goto(f"/recordings/{talk.pk}/")
    form = correct(page, 3)
    form.get_by_label("Words of the line").fill("Марк готовит цифры.")
    first = talk.transcripts.get().phrases.get(position=3)
    services.edit_text(talk, line=first.pk, text="Марк готовит цифры к среде.", by=None)
    form.get_by_role("button", name="Save").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Somebody else has changed this line meanwhile.")
    expect(alert.locator("q")).to_have_text("Марк готовит цифры к среде.")
    look(page, "conflict")
    page.locator("form.phrase").get_by_role("link", name="Cancel").click()
    expect(line(page, 3)).to_contain_text("цифры к среде")


def test_four_corrected_hours_stay_quick(page, anna):
    long = scene.meeting(anna, repeats=1100)
    phrase = long.transcripts.get().phrases.get(position=5)
    services.split_line(long, line=phrase.pk, at=2, by=anna)
    page.goto(f"/recordings/{long.pk}/")
    expect(page.locator(".phrase")).to_have_count(150)
    form = correct(page, 6)
    form.get_by_label("Words of the line").fill("Другое.")
    form.get_by_label("Words of the line").press("Enter")
    expect(line(page, 6).locator(".phrase-text")).to_contain_text("Другое.", timeout=20_000)
    expect(page.locator(".phrase")).to_have_count(150)
    page.get_by_label("Position").fill(str(9000 * 4))
    expect(page.locator(".phrase.is-now")).to_have_attribute("data-s", "35996.2")
    assert page.locator(".phrase").count() <= 300
