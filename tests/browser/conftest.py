"""Chromium, the web process in a thread, and somebody who is signed in."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import Settings

from accounts.models import User
from recordings.tests.web import Server
from tests.browser import scene

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
EXPECTED = ("status of 4", "net::ERR_ABORTED")
"""What Chromium says of refusals that a story provokes."""

# Remembers every sound element, which the page keeps to itself.
KEEP_SOUNDS = """
window.sounds = [];
window.Audio = class extends window.Audio { constructor() { super(); window.sounds.push(this); } };
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One per file: while it runs, Playwright's loop runs in this thread, and the ORM must not
    mind; nothing of that is left for the tests of other files. Inside the loop Django keeps another
    connection for this thread, and one that an earlier file left open may be dead by now."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        running = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"],
        )
        connections.close_all()
        yield running
        connections.close_all()
        running.close()


@pytest.fixture
def web(
    browser: Browser, transactional_db: None, settings: Settings, tmp_path: Path
) -> Iterator[str]:
    """The address of a web process whose storage is this test's own."""
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        "storage": str(tmp_path / "fs"),
        "disk_reserve_bytes": 0,
        "upload_limit_bytes": 4 << 20,
    }
    for alias in connections:
        connections.settings[alias]["CONN_MAX_AGE"] = 0
    server = Server()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture
def anna(web: str) -> User:
    return scene.person("anna")


@pytest.fixture
def open_page(browser: Browser, web: str) -> Iterator[Callable[..., Page]]:
    """(user, **options of the context) -> a page of that visitor; it must not complain."""
    contexts, complaints = [], []

    def make(user: User | None = None, **options: object) -> Page:
        context = browser.new_context(base_url=web, **options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.add_init_script(KEEP_SOUNDS)
        if user is not None:
            context.add_cookies([_session(user, web)])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else 0)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert [one for one in complaints if not any(known in one for known in EXPECTED)] == []


def _session(user: User, web: str) -> dict[str, str]:
    client = Client()
    client.force_login(user)
    name = django_settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": web}


@pytest.fixture
def page(open_page: Callable[..., Page], anna: User) -> Page:
    """Anna's browser, in English."""
    return open_page(anna)
