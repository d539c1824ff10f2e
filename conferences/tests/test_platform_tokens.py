"""One token for everybody: threads, processes and machines that find it gone at the same moment."""

import functools
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection as database
from django.db import connections

from common.sql import ask
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.platforms.base import CredentialsRejected, PlatformError
from conferences.platforms.registry import get_driver
from conferences.platforms.trueconf import locks, tokens
from conferences.tests.platforms import asked_for_tokens, connected, tcs

__all__ = ["tcs"]
pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import sys, django
django.setup()
from contextlib import closing
from conferences.models import Connection
from conferences.platforms.registry import get_driver
with closing(get_driver(Connection.objects.get())) as driver:
    print("ready", flush=True)
    sys.stdin.readline()
    print(len(list(driver.conferences())), flush=True)
"""


@pytest.fixture
def stale(tcs: FakeServer) -> Connection:
    """A connection whose token looks good in its row and is good no more."""
    tcs.add_meeting(tracks=1)
    connection = connected(tcs)
    with closing(get_driver(connection)) as driver:
        list(driver.conferences())
    tcs.expire_tokens()
    tcs.requests.clear()
    return Connection.objects.get()


def test_twenty_threads_refresh_once(tcs: FakeServer, stale: Connection) -> None:
    barrier = threading.Barrier(20)

    def look(_number: int) -> int:
        try:
            with closing(get_driver(Connection.objects.get())) as driver:
                barrier.wait(20)
                return len(list(driver.conferences()))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(look, range(20))) == [1] * 20
    assert asked_for_tokens(tcs) == 1
    assert sum(one.status == 401 for one in tcs.requests) > 1  # they did meet


def test_three_processes_refresh_once(tcs: FakeServer, stale: Connection) -> None:
    url = urlsplit(os.environ["DATABASE_URL"])
    own = url._replace(path=f"/{database.settings_dict['NAME']}").geturl()
    environment = {**os.environ, "DATABASE_URL": own, "DJANGO_SETTINGS_MODULE": "sai.settings"}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    try:
        for child in children:
            assert child.stdout
            assert child.stdout.readline() == "ready\n"
        tcs.faults.add("delay", path="*/token", seconds=0.3)
        for child in children:
            assert child.stdin
            child.stdin.write("go\n")
            child.stdin.flush()
        assert [child.stdout.readline() for child in children] == ["1\n"] * 3
    finally:
        for child in children:
            child.kill()
            child.communicate(timeout=10)
    assert asked_for_tokens(tcs) == 1


def test_a_refresh_holds_no_transaction(tcs: FakeServer, stale: Connection) -> None:
    tcs.faults.add("delay", path="*/token", seconds=1.0)

    def look() -> None:
        with closing(get_driver(stale)) as driver:
            list(driver.conferences())
        connections.close_all()

    thread = threading.Thread(target=look)
    thread.start()
    end = time.monotonic() + 5
    while not asked_for_tokens(tcs) and time.monotonic() < end:
        time.sleep(0.02)
    holders = ask(
        "SELECT a.state, a.xact_start FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.classid = 471503 AND l.granted"
    )
    thread.join(10)
    assert [(one["state"], one["xact_start"]) for one in holders] == [("idle", None)]
    assert asked_for_tokens(tcs) == 1


def test_whoever_waits_too_long_is_told(stale: Connection, monkeypatch) -> None:
    quick = functools.partial(locks.one_at_a_time, wait_s=0.3)
    monkeypatch.setattr(tokens, "one_at_a_time", quick)
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locks.one_at_a_time(stale.pk):
            taken.set()
            done.wait(10)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(5)
    with closing(get_driver(stale)) as driver, pytest.raises(PlatformError) as busy:
        list(driver.conferences())
    done.set()
    thread.join(5)
    assert busy.value.retryable
    assert busy.value.code == "platform_sign_in_busy"
    with closing(get_driver(stale)) as driver:
        assert len(list(driver.conferences())) == 1


def test_the_lock_falls_after_a_failure(tcs: FakeServer, stale: Connection) -> None:
    tcs.faults.add("rejected_credentials", times=1)
    with closing(get_driver(stale)) as driver, pytest.raises(CredentialsRejected):
        list(driver.conferences())
    held = ask("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = 471503")
    assert held == []
    with closing(get_driver(stale)) as driver:
        assert len(list(driver.conferences())) == 1


def test_a_refresh_token_is_used_once_and_then_the_credentials(
    tcs: FakeServer, stale: Connection
) -> None:
    anna = tcs.add_user("anna")
    token = tcs.state.tokens[tcs.token_for("anna")]
    tcs.state.refreshes["a-refresh"] = token
    Connection.objects.update(refresh_token="a-refresh")
    for expected in (anna, None):
        tcs.expire_tokens()
        with closing(get_driver(Connection.objects.get())) as driver:
            list(driver.conferences())
        row = Connection.objects.get()
        assert tcs.state.tokens[row.access_token].user is expected
        Connection.objects.update(refresh_token="used-up")
