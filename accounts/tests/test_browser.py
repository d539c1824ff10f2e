"""A real browser obeys our policies and our pages still work: nothing is refused by them."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from accounts.choices import Role
from accounts.tests.people import PASSWORD, person

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def test_no_page_asks_for_what_its_policy_refuses(page, live_server):
    person(role=Role.ADMIN)
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))

    page.goto(f"{live_server.url}/login/?next=/profile/")
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/profile/")

    page.get_by_label("What it is for").fill("laptop")
    page.get_by_role("button", name="Make a token").click()
    assert page.get_by_label("Token", exact=True).input_value().startswith("sai_p_")

    for where in ("/password/", "/admin/", "/admin/accounts/token/", "/admin/accounts/user/add/"):
        page.goto(f"{live_server.url}{where}")
        page.wait_for_load_state("networkidle")
    page.goto(f"{live_server.url}/api/docs/")
    page.get_by_text("/api/v1/me/").first.wait_for(timeout=20_000)

    refused = [line for line in said if "Content Security Policy" in line or "Error" in line]
    assert refused == []
