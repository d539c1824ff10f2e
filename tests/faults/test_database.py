"""PostgreSQL restarted, its connections cut, its answers lost: workers go on by themselves."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from common.sql import ask
from recordings.models import StepRun
from recordings.services import journey
from recordings.tests import factories
from sai.embedded import Postgres, Servers
from tests.faults import invariants
from tests.faults.conftest import Start
from tests.faults.hurry import HURRIED
from tests.faults.proxy import Proxy
from tests.faults.watching import all_done, wait_for, works
from tests.faults.workers import database_url

pytestmark = pytest.mark.usefixtures("pipelines")
BACK_SECONDS = 5
CUT_ALL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend'"""


def restart(postgres: Postgres, *, violently: bool = False) -> None:
    """As `pg_ctl restart -m immediate`, or after a kill -9 of the server's first process."""
    connection.close()
    if not violently:
        assert postgres.pid
        os.kill(postgres.pid, signal.SIGQUIT)
        wait_for(lambda: not postgres.running)
    postgres.restart(violently=violently)


def load(count: int, *, seconds: float = 0.05) -> None:
    owner = factories.user()
    for number in range(count):
        params = {"seed": f"database/{number}", "seconds": seconds, "failure": 0.02}
        made = factories.recording(owner, tracks=2)
        journey.process(made, pipeline="fragile", params=params)


def strike(times: int, blow: Callable[[int], None]) -> list[float]:
    """Strikes, each time when work goes on again: seconds from the blow to the next result."""
    waits = []
    for number in range(times):
        wait_for_results(5)
        blow(number)
        waits.append(wait_for_results(1))
    return waits


def wait_for_results(count: int) -> float:
    """Until so many more were written."""
    goal = works() + count
    return wait_for(lambda: works() >= goal, seconds=60)


@pytest.mark.parametrize(
    ("times", "count"),
    [
        pytest.param(3, 40, id="three"),
        pytest.param(20, 300, id="twenty", marks=[pytest.mark.campaign, pytest.mark.timeout(1800)]),
    ],
)
def test_restarts_under_load_lose_nothing(
    workers: Start, servers: Servers, times: int, count: int
) -> None:
    postgres = servers.postgres
    assert postgres
    load(count)
    fleet = [workers(recordings=HURRIED) for _ in range(2)]
    waits = strike(times, lambda number: restart(postgres, violently=number % 2 == 1))
    wait_for(all_done, seconds=count * 2)
    assert max(waits) <= BACK_SECONDS
    assert all(worker.lives for worker in fleet)
    invariants.check_everything()
    print(f"work went on {max(waits):.1f} s after a restart at the latest")


def test_cut_connections_are_made_anew(workers: Start) -> None:
    load(30)
    fleet = [workers(recordings=HURRIED) for _ in range(2)]
    waits = strike(5, lambda _: ask(CUT_ALL) and None)
    wait_for(all_done, seconds=60)
    assert max(waits) <= BACK_SECONDS
    assert all(worker.lives for worker in fleet)
    invariants.check_everything()


def test_a_restart_takes_nothing_from_who_is_at_work(
    workers: Start, servers: Servers, tmp_path: Path
) -> None:
    """Nobody could renew while the server was away, so nobody sweeps for one lease after it."""
    gate, postgres = tmp_path / "gate", servers.postgres
    assert postgres
    workers(recordings=HURRIED)
    idle = workers(recordings=HURRIED)
    journey.process(factories.recording(), pipeline="held", params={"until": str(gate)})
    wait_for(lambda: works("begun") == 1)
    time.sleep(0.5)  # it has heard that its note was written
    connection.close()
    postgres.kill()
    time.sleep(2)  # longer than the lease
    postgres.start()
    time.sleep(4)
    step = StepRun.objects.get()
    assert (step.status, step.attempt, step.lost) == ("running", 1, 0)
    gate.touch()
    wait_for(all_done)
    assert idle.lives
    assert works("begun") == works("ended") == 1


def test_what_was_finished_while_it_was_away_is_not_done_again(
    workers: Start, servers: Servers, tmp_path: Path
) -> None:
    gate, postgres = tmp_path / "gate", servers.postgres
    assert postgres
    workers(recordings=HURRIED)
    params = {"until": str(gate), "where": "after"}
    journey.process(factories.recording(), pipeline="held", params=params)
    wait_for(lambda: works("ended") == 1)
    connection.close()
    postgres.kill()
    gate.touch()
    time.sleep(1)
    postgres.start()
    wait_for(all_done, seconds=BACK_SECONDS)
    assert works("begun") == 1
    invariants.check_everything()


SETTLE, CLAIM, COMMIT = (
    b"progress = 100, finished_at = now()",
    b"SET status = 'running', attempt = s.attempt + 1",
    b"COMMIT",
)


def test_lost_answers_do_nothing_twice(workers: Start, servers: Servers) -> None:
    """The commit has happened and the connection breaks before its answer comes."""
    assert servers.postgres
    road = Proxy(servers.postgres.port, every={SETTLE: 4, COMMIT: 6, CLAIM: 10})
    load(12, seconds=0.01)
    worker = workers(recordings=HURRIED, database=database_url(road.port), concurrency=3)
    wait_for(all_done, seconds=90)
    road.close()
    assert worker.lives
    invariants.check_everything()
    assert road.cuts[SETTLE] >= 10
    assert road.cuts[COMMIT] >= 5
    assert road.cuts[CLAIM] >= 4
    print(f"lost answers: {dict(road.cuts)}")
