"""The list: uploading, watching, searching."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from notifications import events
from recordings import services
from recordings.models import Recording
from recordings.tests.sound import wav
from tests.browser import scene

pytestmark = pytest.mark.browser


def choose(page: Page, *paths: Path) -> None:
    page.locator("#upload-file").set_input_files(list(paths))


def test_an_empty_list_says_what_to_do_and_takes_what_is_uploaded(page, tmp_path):
    page.goto("/")
    expect(page.get_by_text("There are no recordings yet")).to_be_visible()

    choose(page, wav(tmp_path / "Monday.wav", pitch=300), wav(tmp_path / "Tuesday.wav", pitch=500))
    expect(page.locator(".upload-state", has_text="Taken in")).to_have_count(2)
    # The rows came by the socket: nobody reloaded the page.
    expect(page.locator("#rows .row")).to_have_count(2)
    expect(page.get_by_text("There are no recordings yet")).to_have_count(0)
    assert set(Recording.objects.values_list("title", flat=True)) == {"Monday", "Tuesday"}


def test_each_upload_has_its_own_error_with_what_to_do(page, tmp_path):
    (tmp_path / "page.wav").write_text("<!doctype html><html><body>no</body></html>")
    (tmp_path / "empty.wav").touch()
    page.goto("/")
    choose(page, tmp_path / "page.wav", tmp_path / "empty.wav", wav(tmp_path / "good.wav"))

    rows = page.locator(".upload-row")
    expect(rows.filter(has_text="page.wav")).to_contain_text("This is a web page, not sound.")
    expect(rows.filter(has_text="page.wav")).to_contain_text("Get the file again")
    expect(rows.filter(has_text="empty.wav")).to_contain_text("The file is empty")
    expect(rows.filter(has_text="good.wav")).to_contain_text("Taken in")
    assert list(Recording.objects.values_list("title", flat=True)) == ["good"]


def test_files_may_be_the_tracks_of_one_meeting(page, tmp_path):
    page.goto("/")
    page.get_by_text("Options").click()
    page.get_by_label("These files are tracks of one meeting").check()
    page.locator("#upload-name").fill("Three of us")
    choose(page, *(wav(tmp_path / f"{name}.wav", pitch=200 + len(name)) for name in ("Al", "Bea")))
    expect(page.locator(".upload-state")).to_have_text("Taken in")

    page.get_by_role("link", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Three of us")
    assert list(Recording.objects.get().tracks.values_list("name", flat=True)) == ["Al", "Bea"]


def test_files_can_be_dropped_anywhere(page):
    page.goto("/")
    page.evaluate(
        """() => {
            const sent = new DataTransfer();
            sent.items.add(new File(["<html>"], "dropped.wav"));
            const drop = new DragEvent("drop", { dataTransfer: sent, bubbles: true });
            document.body.dispatchEvent(drop);
        }"""
    )
    expect(page.locator(".upload-row")).to_contain_text("dropped.wav")
    expect(page.locator(".upload-row")).to_have_attribute("data-tone", "danger")


def test_a_change_of_status_is_seen_without_reloading(page, anna):
    running = scene.others(anna)["running"]
    page.goto("/")
    row = page.locator(f"#row-{running.pk}")
    expect(row).to_contain_text("Processing")
    expect(page.locator("html[data-live=on]")).to_have_count(1)
    page.evaluate("window.still = true")

    services.cancel(running)
    expect(row.locator(".chip")).to_contain_text("Cancelled", timeout=3_000)
    assert page.evaluate("window.still")


def test_without_a_socket_it_still_moves(page, anna):
    running = scene.others(anna)["running"]
    page.route_web_socket(re.compile("/ws/"), lambda socket: socket.close())
    page.goto("/")
    services.cancel(running)
    chip = page.locator(f"#row-{running.pk} .chip")
    expect(chip).to_contain_text("Cancelled", timeout=8_000)


def test_words_and_titles_are_found_and_a_word_leads_to_its_second(page, anna):
    scene.others(anna)
    scene.meeting(anna)
    page.goto("/")
    page.get_by_role("searchbox").fill("бюджета")
    said = page.get_by_role("region", name="Said in recordings")
    expect(said.locator("mark")).to_contain_text(["бюджета"])
    assert "q=" in page.url

    said.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Планёрка: бюджет и Казань")
    expect(page.locator(".phrase.is-now")).to_contain_text("Начнём с бюджета")

    page.goto("/?q=Север")
    expect(page.locator("#rows .row")).to_have_count(1)
    page.goto("/?q=никогда")
    expect(page.get_by_text("Nothing was found")).to_be_visible()


def test_the_filter_and_the_next_page(page, anna):
    scene.others(anna)
    Recording.objects.bulk_create(
        Recording(owner=anna, title=f"Old {number}") for number in range(70)
    )
    page.goto("/")
    expect(page.locator(".row")).to_have_count(30)
    page.get_by_role("link", name="More", exact=True).click()
    expect(page.locator(".row")).to_have_count(60)
    page.get_by_role("link", name="More", exact=True).click()
    expect(page.locator(".row")).to_have_count(76)
    expect(page.get_by_role("link", name="More", exact=True)).to_have_count(0)

    page.get_by_label("Status", exact=True).select_option("failed")
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".row-error")).to_contain_text("Copy it again.")


def test_somebody_elses_news_stay_his(page, open_page, anna):
    boris: User = scene.person("boris")
    page.goto("/")
    expect(page.locator("html[data-live=on]")).to_have_count(1)
    made = Recording.objects.create(owner=boris, title="Not for Anna")
    events.append(
        events.RECORDING_CREATED,
        object_type="recording",
        object_id=made.pk,
        topic=f"recording:{made.pk}",
    )
    his = open_page(boris)
    his.goto("/")
    expect(his.locator(".row")).to_have_count(1)
    page.wait_for_timeout(700)
    expect(page.locator(".row")).to_have_count(0)
