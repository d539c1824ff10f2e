"""Deleting while workers are busy with the very same recording."""

import threading
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import Client

from notifications.models import Event
from recordings import selectors, services
from recordings.choices import StepStatus
from recordings.models import Recording, Run, StepRun, Track
from recordings.pipeline import leases
from recordings.tests import factories, sound
from recordings.tests.doors import names

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: object) -> list[BaseException]:
    """Run all in threads of their own; what they raised."""
    start, raised = threading.Barrier(len(works)), []

    def run(work: object) -> None:
        start.wait()
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_nothing_is_left_whoever_is_faster(pipelines: None, root: Path, tmp_path: Path) -> None:
    owner = factories.user()
    for _ in range(12):
        paths = [sound.wav(tmp_path / f"{n}.wav", seconds=0.1, pitch=99 + n) for n in range(3)]
        files = [services.IncomingFile(path, path.name) for path in paths]
        recording, _ = services.receive(owner, files, pipeline="long")
        step = leases.claim("cpu", worker="one")
        assert step is not None

        raised = at_once(
            lambda recording=recording: services.delete(recording, by=owner),
            lambda recording=recording: services.delete(recording, by=owner),
            lambda step=step: leases.settle(step, StepStatus.DONE),
            lambda: leases.claim("cpu", worker="two"),
            lambda recording=recording: services.cancel(recording),
        )

        assert raised == []
        assert not Recording.objects.exists()
        for model in (Track, Run, StepRun):
            assert not model.objects.exists()
        assert names(root) == []
    assert Event.objects.filter(type="recording.deleted").count() == 12


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "", {"title": "x"}),
        ("delete", "", {}),
        ("post", "process/", {}),
        ("post", "cancel/", {}),
        ("post", "access/", {"link": True}),
    ],
)
def test_deleted_between_looking_and_doing_is_404(
    api: Client, heard: tuple[str, bytes], method: str, path: str, body: dict[str, object]
) -> None:
    """`allowed` is the last look before the work; here somebody deletes just after it."""
    looked = selectors.allowed

    def then_gone(*asked: object) -> bool:
        answer = looked(*asked)  # type: ignore[arg-type]
        services.delete(Recording.objects.get(), by=None)
        return answer

    url = heard[0].removesuffix("audio/") + path
    with patch.object(selectors, "allowed", then_gone):
        answer = getattr(api, method)(url, body, content_type="application/json")

    assert answer.status_code == (204 if method == "delete" else 404)
    assert not Recording.objects.exists()
