"""Waiting for what must come, and reading what happened."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from common.sql import ask
from recordings.models import Recording, StepRun
from tests.faults.workers import database_url


def wait_for(condition: Callable[[], object], *, seconds: float = 30) -> float:
    """Waits until it is true: how long that took. Fails when it takes too long."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise AssertionError(f"still not so after {seconds} s")
        time.sleep(0.05)
    return time.monotonic() - start


def open_recordings() -> int:
    return Recording.objects.filter(status="processing").count()


def all_done() -> bool:
    return open_recordings() == 0


def running() -> int:
    return StepRun.objects.filter(status="running").count()


def works(word: str = "ended") -> int:
    """How often a fragile step has come that far."""
    count: int = ask("SELECT count(*) FROM test_works WHERE word = %(w)s", w=word)[0]["count"]
    return count


def marks(word: str) -> int:
    """The same of the harmless steps: `First:ended`."""
    found = ask("SELECT count(*) FROM test_marks WHERE step LIKE %(w)s", w=word)
    return int(found[0]["count"])


@contextmanager
def held_row(table: str, key: object) -> Iterator[None]:
    """Somebody else's transaction has locked this row."""
    with psycopg.connect(database_url()) as other:
        other.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE", [key])
        yield


def waiting_for_locks() -> int:
    """Statements that cannot go on."""
    found = ask(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    return int(found[0]["count"])
