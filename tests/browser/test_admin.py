"""The admin in a real browser: its own content policy, live figures, dialogs that post."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.choices import Role
from recordings.choices import RunStatus
from recordings.models import Run
from tests.browser import scene

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_figures_change_by_themselves_and_a_run_is_cancelled(
    web: str, open_page: Callable[..., Page]
) -> None:
    anna = scene.person("anna")
    made = scene.others(anna)
    page = open_page(scene.person("root", role=Role.ADMIN), locale="en-US")
    page.goto("/admin/")
    backlog = page.locator(".sai-tile").first
    expect(backlog).to_contain_text("1 queued, 1 running")
    expect(page.get_by_text("The file ends in the middle.")).to_be_visible()

    queued = made["queued"].runs.get()
    other = page.context.new_page()
    other.goto(f"/admin/recordings/run/{queued.pk}/change/")
    other.get_by_text("Cancel this run").click()
    other.get_by_role("button", name="Cancel the run").click()
    expect(other.get_by_text("The run was cancelled.")).to_be_visible()
    assert Run.objects.get(pk=queued.pk).status == RunStatus.CANCELLED

    page.bring_to_front()
    expect(backlog).to_contain_text("0 queued, 1 running", timeout=15_000)


def test_the_pipeline_is_asked_for_when_it_matters(
    web: str, open_page: Callable[..., Page]
) -> None:
    anna = scene.person("anna")
    chosen = scene.others(anna)["ready"]
    page = open_page(scene.person("root", role=Role.ADMIN), locale="en-US", color_scheme="dark")
    page.goto("/admin/recordings/recording/")
    page.locator(f'input[name="_selected_action"][value="{chosen.pk}"]').check()
    pipeline = page.locator('select[name="pipeline"]')
    expect(pipeline).to_be_hidden()
    page.locator('select[name="action"]').select_option("process")
    pipeline.select_option("transcribe")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("1 run has begun.")).to_be_visible()
    assert chosen.runs.get().pipeline == "transcribe"
