"""What the fault stories share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from common.sql import ask
from recordings.tests.steps import MARKS
from tests.faults.pipelines import PIPELINES
from tests.faults.steps import TABLES
from tests.faults.workers import Nursery, Worker

Start = Callable[..., Worker]


@pytest.fixture
def pipelines(settings: Settings, transactional_db: None) -> None:
    settings.PIPELINES = PIPELINES
    for statement in (MARKS, "TRUNCATE test_marks", *TABLES):
        ask(statement)


@pytest.fixture(scope="session")
def nursery(django_db_setup: None) -> Iterator[Callable[[], Nursery]]:
    """Born with the first worker that wants it."""
    born: list[Nursery] = []

    def find() -> Nursery:
        if not born:
            born.append(Nursery())
        return born[0]

    yield find
    for one in born:
        one.close()


@pytest.fixture
def workers(pipelines: None, nursery: Callable[[], Nursery], tmp_path: Path) -> Iterator[Start]:
    """Starts workers; all are gone when the test ends. `fresh`: from nothing, not forked."""
    started: list[Worker] = []

    def start(*, fresh: bool = False, **options: object) -> Worker:
        worker = Worker(
            log=tmp_path / f"worker{len(started)}.log",
            nursery=None if fresh else nursery(),
            **options,  # type: ignore[arg-type]
        )
        started.append(worker.start())
        return worker

    yield start
    for worker in started:
        worker.kill()
