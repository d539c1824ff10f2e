"""Real workers: woken by a message, or by nobody; killed; without a broker."""

import pytest

from recordings.models import StepRun
from recordings.services import journey
from recordings.tests import factories
from tests.faults.conftest import Start
from tests.faults.hurry import REAL
from tests.faults.watching import all_done, marks, wait_for

pytestmark = pytest.mark.usefixtures("pipelines")


def test_recordings_go_through_workers_that_start_from_nothing(workers: Start) -> None:
    workers(fresh=True)
    for _ in range(10):
        journey.process(factories.recording(tracks=2), pipeline="long")
    wait_for(all_done, seconds=120)
    assert marks("First:ended") == marks("Last:ended") == 10
    assert marks("PerTrack:ended") == 20


def test_a_killed_pool_process_costs_a_second(workers: Start) -> None:
    worker = workers(recordings=REAL)
    journey.process(factories.recording(), pipeline="short", params={"First": {"die": 1}})
    wait_for(lambda: marks("First:begun") == 1)
    took = wait_for(all_done)
    step = StepRun.objects.get()
    assert (step.status, step.attempt, step.lost) == ("done", 2, 1)
    assert marks("First:ended") == 1
    assert took < 5  # the lease alone is 30 s
    assert worker.lives
