"""One round with the real times: lease 30 s, heartbeat 10 s, sweep 10 s."""

from pathlib import Path

import pytest

from common.sql import ask
from recordings.services import journey
from recordings.tests import factories
from tests.faults import invariants
from tests.faults.conftest import Start
from tests.faults.hurry import REAL
from tests.faults.watching import all_done, wait_for, works

pytestmark = pytest.mark.usefixtures("pipelines")
PROMISE_SECONDS = 45
ELSEWHERE = """
UPDATE recordings_steprun SET worker = 'another-machine:0:0/' || id || '/1'
WHERE status = 'running' AND id % 2 = 0"""
"""What a worker of another machine has left: nobody here can see that its process is dead."""


def test_work_of_a_killed_worker_goes_on_within_the_promised_time(
    workers: Start, tmp_path: Path
) -> None:
    doomed = workers(concurrency=4, recordings=REAL)
    for _ in range(4):
        params = {"until": str(tmp_path / "never")}
        journey.process(factories.recording(), pipeline="held", params=params)
    wait_for(lambda: works("begun") == 4)
    doomed.kill()
    ask(ELSEWHERE)
    workers(concurrency=2, recordings=REAL)
    here = wait_for(lambda: works("ended") == 2, seconds=PROMISE_SECONDS)
    elsewhere = here + wait_for(all_done, seconds=PROMISE_SECONDS - here)
    assert here < 15
    assert 15 < elsewhere < PROMISE_SECONDS
    steps = invariants.check_everything()
    assert [(step["attempt"], step["lost"]) for step in steps] == [(2, 1)] * 4
    print(f"recovered after {here:.1f} s here, {elsewhere:.1f} s from another machine")
