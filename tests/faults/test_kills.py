"""kill -9 at every point of a step, of pool processes, of workers and of their parents."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from recordings.models import StepRun
from recordings.services import journey
from recordings.tests import factories
from tests.faults import invariants
from tests.faults.conftest import Start
from tests.faults.hurry import HURRIED
from tests.faults.steps import POINTS
from tests.faults.watching import all_done, held_row, running, wait_for, waiting_for_locks, works
from tests.faults.workers import Worker

pytestmark = pytest.mark.usefixtures("pipelines")
ROWS = 5
"""Of one recording with two tracks in the fragile pipeline."""


@pytest.fixture(
    params=[
        pytest.param((7, 190), id="seed 7"),
        pytest.param(
            (11, 2100), id="seed 11", marks=[pytest.mark.campaign, pytest.mark.timeout(3000)]
        ),
    ]
)
def plan(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Seed, and how many recordings."""
    found: tuple[int, int] = request.param
    return found


def test_whatever_is_killed_everything_is_done_once(
    workers: Start, plan: tuple[int, int], tmp_path: Path
) -> None:
    seed, count = plan
    deaths = tmp_path / "deaths"
    deaths.touch()
    begin(count, seed, deaths)
    fleet = [workers(concurrency=4, recordings=HURRIED) for _ in range(2)]
    start = time.monotonic()
    struck = strike_until_done(fleet, random.Random(seed), seconds=count * 1.2)
    took = time.monotonic() - start
    inside = Counter(deaths.read_text().split())
    steps = invariants.check_everything()
    executions = sum(step["attempt"] for step in steps)
    assert len(steps) == ROWS * count
    assert executions >= 1000
    assert set(inside) == set(POINTS)
    assert sum(step["lost"] for step in steps) >= sum(inside.values()) - inside["settling"]
    print(
        f"{executions} executions of {len(steps)} steps in {took:.0f} s, given back"
        f" {sum(step['lost'] for step in steps)} times,"
        f" killed inside {dict(inside)}, from outside {dict(struck)}"
    )


def begin(count: int, seed: int, deaths: Path) -> None:
    owners = [factories.user() for _ in range(5)]
    for number in range(count):
        params = {
            "seed": f"{seed}/{number}",
            "death": 0.1,
            "failure": 0.02,
            "seconds": 0.02,
            "log": str(deaths),
        }
        made = factories.recording(owners[number % 5], tracks=2)
        journey.process(made, pipeline="fragile", params=params)


def strike_until_done(fleet: list[Worker], draw: random.Random, *, seconds: float) -> Counter[str]:
    """Kills one thing after another, by the progress and not by the clock: a slow machine is not
    killed to a standstill. Whoever is gone is started again, as by the launcher."""
    struck: Counter[str] = Counter()
    end, next_blow = time.monotonic() + seconds, 0
    while not all_done():
        assert time.monotonic() < end, "not done in time"
        time.sleep(0.4)
        for worker in fleet:
            if not worker.lives:
                worker.start()
        invariants.nobody_is_stuck()
        invariants.no_lease_is_overdue(15)
        if works("ended") >= next_blow:
            next_blow = works("ended") + draw.randrange(15, 50)
            blow = draw.choice([*["pool process"] * 5, "worker", "parent"])
            struck[blow] += 1
            strike(draw.choice(fleet), blow, draw)
    return struck


def strike(worker: Worker, blow: str, draw: random.Random) -> None:
    if blow == "pool process":
        worker.kill_child(draw.randrange(4))
    elif blow == "worker":
        worker.kill()
    else:
        worker.kill_parent()


def test_a_pool_whose_parent_was_killed_does_not_stay(workers: Start) -> None:
    worker = workers(recordings=HURRIED)
    wait_for(lambda: len(worker.children()) == 2)
    pool = worker.children()
    worker.kill_parent()
    wait_for(lambda: not any(process.is_running() for process in pool), seconds=10)


def test_a_death_while_the_settling_waits_settles_once(workers: Start, tmp_path: Path) -> None:
    """PostgreSQL finishes a statement whose sender is dead: nobody may do the step again."""
    gate = tmp_path / "gate"
    worker = workers(concurrency=1, recordings=HURRIED)
    made = factories.recording()
    run = journey.process(made, pipeline="held", params={"until": str(gate)})
    wait_for(lambda: works("begun") == 1)
    with held_row("recordings_run", run.pk):
        gate.touch()
        wait_for(lambda: waiting_for_locks() == 1)
        worker.kill_child()
        time.sleep(3)  # two leases
        assert running() == 1
    wait_for(all_done)
    assert works("begun") == works("ended") == 1
    assert StepRun.objects.get().attempt == 1
    invariants.check_everything()
