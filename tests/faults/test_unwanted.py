"""Work that nobody wants any more: cancelled, deleted, or killing whoever touches it."""

import random
import time
from pathlib import Path

import pytest

from common.sql import ask
from recordings import services
from recordings.models import Recording, Run, StepRun
from recordings.pipeline.leases import MAX_LOST
from recordings.services import journey
from recordings.tests import factories
from tests.faults import invariants
from tests.faults.conftest import Start
from tests.faults.hurry import HURRIED
from tests.faults.watching import all_done, marks, wait_for, works

pytestmark = pytest.mark.usefixtures("pipelines")


def test_cancelled_work_stops_within_a_heartbeat(workers: Start) -> None:
    workers(recordings=HURRIED, concurrency=1)
    cancelled = factories.recording()
    journey.process(cancelled, pipeline="short", params={"First": {"sleep": 60}})
    wait_for(lambda: marks("First:begun") == 1)
    journey.process(factories.recording(), pipeline="quick")
    assert journey.cancel(cancelled)
    took = wait_for(lambda: works("ended") == 1)  # the only process is free again
    assert took < 5
    assert marks("First:ended") == 0
    assert StepRun.objects.get(recording=cancelled).status == "cancelled"


def test_a_deleted_recording_gets_no_result(workers: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    workers(recordings=HURRIED)
    deleted = factories.recording()
    journey.process(deleted, pipeline="held", params={"until": str(gate)})
    wait_for(lambda: works("begun") == 1)
    services.delete(deleted, by=deleted.owner)
    gate.touch()
    wait_for(lambda: works("fenced") == 1)
    assert works("ended") == 0
    assert Recording.objects.count() == Run.objects.count() == StepRun.objects.count() == 0


def test_calling_back_half_of_a_busy_queue(workers: Start) -> None:
    """Cancelled and deleted at whatever point they are; the others end well."""
    draw = random.Random(5)
    made = []
    for number in range(48):
        params = {"seed": f"unwanted/{number}", "seconds": 0.05}
        one = factories.recording(tracks=2)
        journey.process(one, pipeline="fragile", params=params)
        made.append(one)
    workers(recordings=HURRIED, concurrency=3)
    wait_for(lambda: works() > 5)
    unwanted = draw.sample(made, 24)
    written = {}
    for number, one in enumerate(unwanted):
        key = one.pk
        if number % 2:
            journey.cancel(one)
        else:
            services.delete(one, by=one.owner)
            assert not Run.objects.filter(recording=key).exists()
        written[key] = results_of(key)
        time.sleep(draw.uniform(0, 0.1))
    wait_for(all_done, seconds=60)
    time.sleep(1)
    for one in unwanted[1::2]:
        one.refresh_from_db()
        assert one.status in ("cancelled", "done")
        if one.status == "cancelled":
            open_steps = one.runs.get().steps.filter(status__in=["pending", "running"])
            assert not open_steps.exists()
    gone = {one.pk for one in unwanted[0::2]}
    assert not Recording.objects.filter(pk__in=gone).exists()
    assert {key: results_of(key) for key in gone} == {key: written[key] for key in gone}
    wanted = {one.pk for one in made} - {one.pk for one in unwanted}
    assert Recording.objects.filter(pk__in=wanted, status="done").count() == 24
    invariants.check_everything(done=False)


def results_of(key: object) -> int:
    found = ask("SELECT count(*) FROM test_works WHERE recording = %(k)s AND word = 'ended'", k=key)
    return int(found[0]["count"])


def test_a_step_that_kills_its_worker_each_time_is_given_up(workers: Start) -> None:
    worker = workers(recordings=HURRIED)
    poison = factories.recording()
    journey.process(poison, pipeline="short", params={"First": {"die": 99}})
    others = [factories.recording() for _ in range(20)]
    for one in others:
        journey.process(one, pipeline="fragile", params={"seconds": 0.05})

    def settled() -> bool:
        if not worker.lives:  # killed while it was starting; the launcher starts it again
            worker.start()
        return all_done()

    wait_for(settled, seconds=90)
    poison.refresh_from_db()
    assert (poison.status, poison.error["code"]) == ("failed", "worker_lost")
    assert poison.error["next_action"]
    step = StepRun.objects.get(recording=poison)
    assert (step.attempt, step.lost) == (MAX_LOST, MAX_LOST)
    done = Recording.objects.filter(pk__in=[one.pk for one in others], status="done")
    assert done.count() == 20
    invariants.check_everything(done=False)
