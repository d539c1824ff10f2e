"""One recording: listening, reading, renaming, sharing."""

import time

import pytest
from playwright.sync_api import Page, expect

from recognition.models import SpeakerName
from recordings.models import Recording
from tests.browser import scene

pytestmark = pytest.mark.browser

NOW = "Math.max(...window.sounds.map((sound) => sound.currentTime))"
PLAYING = "window.sounds.filter((sound) => !sound.paused).length"


def until(page: Page, script: str, seconds: float = 8) -> None:
    """Wait until it is true in the page. Playwright's own waiting evaluates text there, which our
    content security policy refuses."""
    end = time.monotonic() + seconds
    while not page.evaluate(script):
        assert time.monotonic() < end, f"never true: {script}"
        page.wait_for_timeout(50)


@pytest.fixture
def meeting(anna, web):
    return scene.meeting(anna)


@pytest.fixture
def opened(page, meeting):
    page.goto(f"/recordings/{meeting.pk}/")
    return page


def test_a_word_is_clicked_and_heard_and_the_text_follows(opened):
    opened.get_by_text("двести", exact=True).click()
    until(opened, f"{NOW} > 5")
    assert opened.evaluate(NOW) < 8
    assert opened.evaluate(PLAYING) == 3
    expect(opened.locator(".w.is-now")).to_have_count(1)
    expect(opened.locator(".phrase.is-now")).to_contain_text("Я посчитал")
    first = opened.locator(".w.is-now").inner_text()
    expect(opened.locator(".w.is-now")).not_to_have_text(first)

    opened.get_by_role("button", name="Pause").click()
    assert opened.evaluate(PLAYING) == 0
    apart = "window.sounds.map((sound) => sound.currentTime)"
    times = opened.evaluate(apart)
    assert max(times) - min(times) < 0.3


def test_tracks_are_silenced_one_by_one(opened):
    opened.get_by_text("3 tracks").click()
    opened.get_by_role("button", name="Mute Анна Петрова").click()
    assert opened.evaluate("window.sounds.map((sound) => sound.muted)") == [True, False, False]
    opened.get_by_role("button", name="Only Mark Weber").click()
    assert opened.evaluate("window.sounds.map((sound) => sound.muted)") == [True, True, False]
    opened.get_by_role("button", name="Only Mark Weber").click()
    assert opened.evaluate("window.sounds.map((sound) => sound.muted)") == [True, False, False]
    opened.get_by_label("Speed").select_option("1.5")
    assert opened.evaluate("window.sounds.every((sound) => sound.playbackRate === 1.5)")


def test_keys_alone_are_enough(opened):
    opened.keyboard.press("Tab")
    expect(opened.get_by_text("Skip to the content")).to_be_focused()
    opened.keyboard.press("Enter")
    expect(opened.locator("main")).to_be_focused()

    opened.keyboard.press("l")
    expect(opened.locator(".phrase.is-now")).to_contain_text("Я посчитал")
    word = opened.locator(".w.is-now").inner_text()
    opened.keyboard.press("ArrowRight")
    expect(opened.locator(".w.is-now")).not_to_have_text(word)
    opened.keyboard.press("Space")
    until(opened, f"{PLAYING} === 3")
    opened.keyboard.press("k")
    until(opened, f"{PLAYING} === 0")

    opened.keyboard.press("?")
    help_dialog = opened.get_by_role("dialog")
    expect(help_dialog).to_be_visible()
    help_dialog.get_by_label("Shortcuts of one key are on").uncheck()
    opened.keyboard.press("Escape")
    expect(help_dialog).to_be_hidden()
    opened.keyboard.press("k")
    opened.wait_for_timeout(150)
    assert opened.evaluate(PLAYING) == 0

    opened.locator(".phrase-time").first.focus()
    opened.keyboard.press("ArrowDown")
    expect(opened.locator(".phrase-time").nth(1)).to_be_focused()
    opened.keyboard.press("Enter")
    until(opened, f"{PLAYING} === 3")


def test_a_speaker_gets_a_name_everywhere(opened, meeting):
    speakers = opened.get_by_role("list", name="Speakers")
    speakers.get_by_text("Mark Weber", exact=True).click()
    opened.get_by_label("New name for Mark Weber").fill("Марк из отдела")
    opened.keyboard.press("Enter")
    expect(speakers).to_contain_text("Марк из отдела")
    expect(opened.locator(".phrase-who", has_text="Марк из отдела")).to_have_count(2)
    assert SpeakerName.objects.get(recording=meeting).name == "Марк из отдела"
    # The player and the text belong together still.
    opened.locator(".phrase-time").nth(2).click()
    expect(opened.locator(".phrase.is-now")).to_contain_text("I can prepare")


def test_the_title_is_changed_in_place(opened, meeting):
    opened.get_by_role("link", name="Change the title").click()
    field = opened.locator("#title-input")
    expect(field).to_be_focused()
    field.fill("  Итоги <b>ноября</b> ")
    opened.keyboard.press("Enter")
    expect(opened.get_by_role("heading", level=1)).to_have_text("Итоги <b>ноября</b>")
    meeting.refresh_from_db()
    assert meeting.title == "Итоги <b>ноября</b>"


def test_an_item_of_the_summary_plays_what_it_rests_on(opened):
    summary = opened.get_by_role("region", name="Summary")
    expect(summary.get_by_text("not verified")).to_have_count(1)
    expect(summary.get_by_text("verified", exact=True)).to_have_count(3)
    expect(summary).to_contain_text("86 %")
    summary.get_by_label("Evidence at 0:28: play").click()
    expect(opened.locator(".phrase.is-now")).to_contain_text("Тогда поеду я")
    until(opened, f"{PLAYING} === 3")


def test_what_was_said_is_shown_and_never_run(opened):
    expect(opened.locator(".phrase", has_text="<script>alert(1)</script>")).to_have_count(1)
    assert opened.locator(".phrase script").count() == 0


def test_lines_set_aside_can_be_seen(opened):
    aside = opened.locator(".dropped")
    expect(aside.locator(".phrase")).to_have_count(0)
    aside.get_by_text("Lines that were set aside").click()
    expect(aside.locator(".phrase")).to_contain_text("нам нужно двести сорок тысяч")


def test_four_hours_stay_quick(page, anna, web):
    long = scene.meeting(anna, repeats=1100)
    page.goto(f"/recordings/{long.pk}/")
    expect(page.locator(".phrase")).to_have_count(150)
    page.get_by_label("Position").fill(str(9000 * 4))
    until(page, "Math.abs(Number(document.querySelector('.phrase.is-now')?.dataset.s) - 36000) < 8")
    assert page.locator(".phrase").count() <= 300
    page.get_by_role("link", name="Earlier lines").first.click()
    expect(page.locator(".phrase")).not_to_have_count(150)


def test_a_failed_recording_says_why_and_is_tried_again(page, anna, web):
    failed = scene.others(anna)["failed"]
    page.goto(f"/recordings/{failed.pk}/")
    alert = page.get_by_role("alert").filter(has_text="The file ends in the middle.")
    expect(alert).to_contain_text("Copy it again.")
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator("#status .chip")).to_contain_text("Processing")
    expect(page.locator("#said")).to_have_text("Processing")
    assert failed.runs.count() == 1
    page.locator("#status").get_by_role("button", name="Cancel").click()
    expect(page.locator("#status .chip")).to_contain_text("Cancelled")


def test_a_link_lets_its_bearer_look_until_it_is_taken_back(opened, open_page, meeting):
    opened.get_by_text("Share", exact=True).first.click()
    opened.get_by_label("By link").check()
    expect(opened.get_by_label("Name", exact=True)).to_be_hidden()
    opened.locator("#sharing").get_by_role("button", name="Share").click()
    link = opened.get_by_label("Link", exact=True).input_value()
    assert "/l/" in link

    stranger = open_page()
    stranger.goto(link)
    assert "/l/" not in stranger.url
    expect(stranger.get_by_role("heading", level=1)).to_have_text(meeting.title)
    stranger.locator(".phrase-time").nth(3).click()
    until(stranger, f"{PLAYING} === 3")
    for forbidden in ("Change the title", "Delete", "Process again", "Share"):
        expect(stranger.get_by_text(forbidden, exact=True)).to_have_count(0)

    opened.get_by_role("button", name="Take back").click()
    expect(opened.get_by_role("button", name="Take back")).to_have_count(0)
    stranger.reload()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_deleting_asks_first(opened, meeting):
    opened.get_by_role("link", name="Delete", exact=True).click()
    opened.get_by_role("link", name="Keep it").click()
    assert Recording.objects.filter(pk=meeting.pk).exists()
    opened.get_by_role("link", name="Delete", exact=True).click()
    opened.get_by_role("button", name="Put into the trash").click()
    expect(opened.get_by_role("status").filter(has_text="lies in the trash")).to_be_visible()
    opened.get_by_role("link", name="Trash").click()
    opened.get_by_role("button", name="Restore").click()
    expect(opened.get_by_role("status").filter(has_text="was restored")).to_be_visible()
    assert Recording.objects.get(pk=meeting.pk).trashed_at is None
