"""kill -9 in the middle of taking files in: what was answered is there, whole, once."""

import hashlib
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from pytest_django import Settings

from recordings.models import Recording, Run, StoredFile
from recordings.storage import files
from recordings.tests import factories, sound
from tests.faults.watching import wait_for
from tests.faults.workers import Nursery

pytestmark = pytest.mark.usefixtures("pipelines")
FILES = 40


def test_a_killed_intake_loses_nothing_it_has_answered(
    tmp_path: Path, settings: Settings, nursery: Callable[[], Nursery]
) -> None:
    draw, owner, folder = random.Random(3), factories.user(), tmp_path / "given"
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        "storage": str(tmp_path / "storage"),
        "disk_reserve_bytes": 0,
    }
    folder.mkdir()
    for number in range(FILES):
        sound.wav(folder / f"{number:02}.wav", seconds=0.5, pitch=200 + number)
    answered: dict[str, str] = {}
    kills = 0
    while len(answered) < FILES:
        log = tmp_path / f"{kills}.log"
        taker = psutil.Process(
            nursery().bear(log=log, recordings=settings.RECORDINGS, take=[owner.pk, str(folder)])
        )
        goal = min(FILES, len(answered) + draw.randrange(2, 9))
        wait_for(lambda goal=goal, log=log: len(answers(log)) >= goal)
        time.sleep(draw.uniform(0, 0.05))
        with suppress(psutil.NoSuchProcess):
            taker.kill()
            taker.wait(10)
        kills += 1
        for name, key in answers(log):
            assert answered.setdefault(name, key) == key  # the same bytes: the first answer again
    assert kills >= 3
    stored = {str(key) for key in Recording.objects.values_list("pk", flat=True)}
    assert stored == set(answered.values())
    assert Run.objects.count() == FILES  # recording and run are one transaction
    for row in StoredFile.objects.all():
        with files.local_path(row) as path:
            content = path.read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (row.size, row.sha256)


def answers(log: Path) -> list[list[str]]:
    if not log.exists():
        return []
    return [line.split() for line in log.read_text().splitlines(keepends=True) if ".wav " in line]
