"""Clocks an hour off: such workers steal nothing and lose nothing, only the database's counts."""

from pathlib import Path

import pytest

from common.sql import ask
from recordings.models import StepRun
from recordings.services import journey
from recordings.tests import factories
from tests.faults import invariants
from tests.faults.conftest import Start
from tests.faults.hurry import HURRIED
from tests.faults.watching import all_done, wait_for, works

pytestmark = pytest.mark.usefixtures("pipelines")
HOUR = 3600.0
LEASES = """
SELECT extract(epoch FROM lease_until - clock_timestamp())::float8 AS left
FROM recordings_steprun WHERE status = 'running'"""


def test_a_wrong_clock_neither_steals_nor_keeps(workers: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    for _ in range(3):
        journey.process(factories.recording(), pipeline="held", params={"until": str(gate)})
    right = workers(recordings=HURRIED, concurrency=1)
    wait_for(lambda: works("begun") == 1)
    workers(recordings=HURRIED, concurrency=1, clock=HOUR)
    wait_for(lambda: works("begun") == 2)
    behind = workers(recordings=HURRIED, concurrency=2, clock=-HOUR)
    wait_for(lambda: works("begun") == 3)
    for number in range(15):
        params = {"seed": f"clock/{number}", "seconds": 0.3, "failure": 0.2}
        journey.process(factories.recording(), pipeline="fragile", params=params)
    wait_for(lambda: works() >= 30, seconds=60)  # meanwhile everybody sweeps, for several leases
    left = [row["left"] for row in ask(LEASES)]
    assert all(-0.5 < seconds <= HURRIED["lease_seconds"] for seconds in left)
    assert set(StepRun.objects.values_list("lost", flat=True)) == {0}
    right.kill()
    gate.touch()
    wait_for(all_done)  # the third clock is the one that finds what the first has left
    assert behind.lives
    invariants.check_everything()
