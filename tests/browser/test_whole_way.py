"""The whole way in a browser: sign in, upload, watch a real worker, read and play."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection
from playwright.sync_api import expect

from recordings.tests.sound import wav

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def worker(web, tmp_path):
    """A Celery worker with the database, Redis and storage of this test."""
    database = urlsplit(os.environ["DATABASE_URL"])
    env = {
        **os.environ,
        "DATABASE_URL": database._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "REDIS_URL": django_settings.REDIS_URL,
        "SAI_STORAGE": str(tmp_path / "fs"),
        "SAI_DISK_RESERVE_MB": "0",
        "SAI_POLL_SECONDS": "0.5",
    }
    command = [sys.executable, "-m", "celery", "-A", "sai", "worker", "-Q", "cpu,gpu,llm"]
    command += ["-c", "1", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    with (tmp_path / "worker.log").open("wb") as log:
        running = subprocess.Popen(
            command, env=env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
        yield running
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def test_a_file_becomes_words_while_one_looks_on(open_page, anna, worker, tmp_path):
    page = open_page()
    page.goto("/")
    page.get_by_label("Username").fill("anna")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()

    page.locator("#upload-file").set_input_files(wav(tmp_path / "Talk.wav", seconds=6, pitch=330))
    row = page.locator(".row", has_text="Talk")
    expect(row).to_have_count(1)
    page.evaluate("window.still = true")
    expect(row.locator(".chip")).to_contain_text("Done", timeout=40_000)
    assert page.evaluate("window.still"), "the page was reloaded"

    row.get_by_role("link", name="Talk").click()
    expect(page.locator("#status .chip")).to_contain_text("Done")
    expect(page.get_by_role("heading", name="Transcript")).to_be_visible()
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("[data-now]")).to_have_text("0:02", timeout=8_000)
