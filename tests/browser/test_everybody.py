"""Every page in both languages, both themes, on a phone: nothing is hidden from anybody."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import scene

pytestmark = pytest.mark.browser

EYES = (Path(__file__).parent / "eyes.js").read_text()
PHONE = {"width": 360, "height": 740}


def look(page: Page) -> list[str]:
    """Complaints about the page as it stands, with everything that can be opened open."""
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.wait_for_load_state("networkidle")
    return [f"{page.url}: {said}" for said in page.evaluate(EYES)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["ru", "en"])
def test_pages_can_be_read_by_everybody(open_page, anna, web, language, theme):
    made = scene.others(anna)
    meeting = scene.meeting(anna)
    scene.notices(anna, meeting, made["failed"])
    page = open_page(anna, color_scheme=theme, viewport=PHONE if theme == "dark" else None)
    cookie = {"name": "django_language", "value": language, "url": web}
    page.context.add_cookies([cookie])
    addresses = [
        "/",
        "/?q=бюджет",
        "/?q=nothing-like-it",
        f"/recordings/{meeting.pk}/",
        f"/recordings/{made['running'].pk}/",
        f"/recordings/{made['failed'].pk}/",
        f"/recordings/{meeting.pk}/delete/",
        "/recordings/00000000-0000-4000-8000-000000000000/",
        "/profile/",
        "/profile/notices/",
        "/notices/",
        "/password/",
    ]
    complaints = []
    for address in addresses:
        page.goto(address)
        assert page.locator("html").get_attribute("lang") == language
        complaints += look(page)
    page.context.clear_cookies(name="sessionid")
    page.goto("/login/")
    assert complaints + look(page) == []


def test_language_and_theme_are_remembered(page, open_page, anna):
    page.goto("/")
    page.get_by_role("button", name="Русский").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Записи")
    page.get_by_role("button", name="Тёмная тема").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")

    again = page.context.new_page()
    again.goto("/")
    expect(again.get_by_role("heading", level=1)).to_have_text("Записи")
    expect(again.locator("html")).to_have_attribute("data-theme", "dark")
    expect(again.get_by_role("button", name="Тёмная тема")).to_have_attribute(
        "aria-pressed", "true"
    )
    again.get_by_role("button", name="Светлая тема").click()
    assert again.evaluate("getComputedStyle(document.body).backgroundColor") != dark


def test_without_scripts_everything_essential_works(open_page, anna, tmp_path):
    made = scene.meeting(anna)
    page = open_page(anna, java_script_enabled=False)
    page.goto("/")
    page.get_by_role("button", name="Dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("searchbox").fill("Планёрка")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=made.title).click()
    page.get_by_role("link", name="Change the title").click()
    page.locator("#title-input").fill("Plain")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Plain")

    page.goto("/")
    sound = tmp_path / "plain.wav"
    sound.write_bytes(scene.tone(2, 333))
    page.locator("#upload-file").set_input_files(sound)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("plain")
