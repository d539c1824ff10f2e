"""SIGSTOP past the lease: another takes over, and the frozen one changes nothing when it wakes."""

import signal
from pathlib import Path

import psutil
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


def holder() -> psutil.Process:
    """The pool process that works on the only step."""
    return psutil.Process(ask("SELECT pid FROM test_works WHERE word = 'begun'")[0]["pid"])


def settled_by_the_second() -> bool:
    return all_done() and StepRun.objects.get().attempt == 2


def test_a_frozen_pool_process_is_fenced(workers: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    workers(recordings=HURRIED)
    journey.process(factories.recording(), pipeline="held", params={"until": str(gate)})
    wait_for(lambda: works("begun") == 1)
    frozen = holder()
    frozen.suspend()
    workers(recordings=HURRIED)
    wait_for(settled_by_the_second)
    gate.touch()
    frozen.resume()
    wait_for(lambda: works("fenced") == 1)
    assert works("ended") == 1
    assert frozen.is_running()
    invariants.check_everything()


def test_a_frozen_worker_is_fenced_with_all_it_holds(workers: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    frozen = workers(concurrency=3, recordings=HURRIED)
    for _ in range(3):
        journey.process(factories.recording(), pipeline="held", params={"until": str(gate)})
    wait_for(lambda: works("begun") == 3)
    frozen.signal_all(signal.SIGSTOP)
    workers(recordings=HURRIED)
    wait_for(all_done)
    gate.touch()
    frozen.signal_all(signal.SIGCONT)
    wait_for(lambda: works("fenced") == 3)
    assert works("ended") == 3
    assert frozen.lives
    invariants.check_everything()


def test_one_frozen_inside_its_transaction_blocks_nobody_for_long(
    workers: Start, tmp_path: Path
) -> None:
    """It holds its row: PostgreSQL itself has to throw it out before another can go on."""
    gate = tmp_path / "gate"
    workers(recordings=HURRIED)
    params = {"until": str(gate), "where": "inside"}
    held = journey.process(factories.recording(), pipeline="held", params=params)
    wait_for(lambda: works("begun") == 1)
    frozen = holder()
    frozen.suspend()
    journey.process(factories.recording(), pipeline="fragile")
    wait_for(lambda: StepRun.objects.filter(status="done").count() >= 4)
    took = wait_for(all_done)
    assert took < 15
    gate.touch()
    frozen.resume()
    wait_for(lambda: StepRun.objects.get(run=held).status == "done")
    assert StepRun.objects.get(run=held).attempt == 2
    invariants.check_everything()
