"""The broker flushed, dead, frozen, forgetful and repetitive: it costs time and nothing else."""

import time
from pathlib import Path

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from recordings import hints
from recordings.models import Recording, StepRun
from recordings.services import journey
from recordings.tests import doors, factories, sound
from sai.embedded import Servers
from tests.faults import invariants
from tests.faults.conftest import Start
from tests.faults.hurry import HURRIED, NEVER_LOOKS
from tests.faults.watching import all_done, marks, wait_for, works

pytestmark = pytest.mark.usefixtures("pipelines")
BACK_SECONDS = 15


def broker() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL)


def waiting_messages() -> int:
    return sum(int(broker().llen(queue)) for queue in ("cpu", "gpu", "llm"))


def test_flushing_with_five_hundred_queued_loses_none(workers: Start) -> None:
    broker().flushall()
    owner = factories.user()
    for _ in range(500):
        journey.process(factories.recording(owner), pipeline="quick")
    wait_for(lambda: waiting_messages() > 0)
    # A thread sends the hints; one may still be on its way.
    wait_for(lambda: broker().flushall() and waiting_messages() == 0)
    workers(recordings=HURRIED)
    wait_for(lambda: works() > 20, seconds=60)
    broker().flushall()  # and once more under the worker's feet
    took = wait_for(all_done, seconds=60)
    assert works("begun") == works("ended") == 500
    invariants.check_everything()
    print(f"the rest of 500 recordings in {took:.1f} s after the second flush")


@pytest.fixture
def api(pipelines: None, settings: Settings, tmp_path: Path) -> Client:
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        "storage": str(tmp_path / "storage"),
        "disk_reserve_bytes": 0,
    }
    return doors.caller(factories.user())


@pytest.mark.parametrize("fault", ["dead", "frozen"])
def test_intake_and_api_answer_without_delay(
    api: Client, workers: Start, servers: Servers, tmp_path: Path, fault: str
) -> None:
    workers(recordings=HURRIED, queues="cpu")
    bystander = workers(recordings=NEVER_LOOKS, queues="llm")
    doors.send(api, sound.wav(tmp_path / "warm.wav", pitch=300).open("rb"))
    wait_for(all_done)
    assert servers.redis
    servers.redis.stop() if fault == "dead" else servers.redis.freeze()
    slowest = 0.0
    for number in range(5):
        file = sound.wav(tmp_path / f"{number}.wav", pitch=400 + number)
        start = time.monotonic()
        sent = doors.send(api, file.open("rb"))
        again = api.post(f"{doors.URL}{sent.json()['id']}/cancel/")
        rerun = api.post(f"{doors.URL}{sent.json()['id']}/process/")
        assert (sent.status_code, again.status_code, rerun.status_code) in RIGHT
        listed = api.get(doors.URL)
        slowest = max(slowest, (time.monotonic() - start) / 4)
        assert listed.status_code == 200
    assert slowest < 1
    wait_for(all_done)  # nobody was told: they looked by themselves
    servers.redis.start() if fault == "dead" else servers.redis.thaw()
    back = wait_for(message_is_heard(), seconds=BACK_SECONDS)
    assert bystander.lives
    assert Recording.objects.count() == 7
    print(
        f"{fault}: a request took {slowest:.2f} s at most; messages wake again after {back:.1f} s"
    )


RIGHT = {(201, 202, 202), (201, 202, 409)}
"""409: the worker was faster than the cancel and is still at it."""


def message_is_heard():  # type: ignore[no-untyped-def]
    """The next recording for the worker that never looks by itself; true when it was done."""
    made = factories.recording()
    journey.process(made, pipeline="told")

    def heard() -> bool:
        hints.wake("llm")
        return bool(StepRun.objects.get(recording=made).status == "done")

    return heard


def test_a_broker_that_dies_in_the_middle_of_messages_ends_no_worker(
    workers: Start, servers: Servers
) -> None:
    """Kombu gave unacknowledged messages back over a closed connection, and the worker ended."""
    worker = workers(recordings=HURRIED, concurrency=1, queues="cpu")
    listener = workers(recordings=NEVER_LOOKS, concurrency=1, queues="llm")
    journey.process(factories.recording(), pipeline="quick")
    wait_for(all_done, seconds=60)
    assert servers.redis
    (pool,) = worker.children()
    pool.suspend()  # it acknowledges nothing
    current_app.send_task(hints.TASK, args=["cpu"], queue="cpu", ignore_result=True)
    wait_for(lambda: broker().hlen("unacked") >= 1)  # one more may have been fetched ahead
    servers.redis.kill()
    wait_for(lambda: "broker lost" in worker.log.read_text())
    pool.resume()
    journey.process(factories.recording(), pipeline="quick")
    wait_for(all_done)
    time.sleep(6)  # tries at 1, 3 and 6 s have failed
    servers.redis.start()
    back = wait_for(message_is_heard(), seconds=BACK_SECONDS)
    assert worker.lives
    assert listener.lives
    print(f"after a longer absence messages wake again after {back:.1f} s")
    invariants.check_everything()


def test_one_message_ten_times_is_one_execution(workers: Start) -> None:
    workers(recordings=NEVER_LOOKS)
    for _ in range(3):
        journey.process(factories.recording(), pipeline="short", params={"First": {"sleep": 0.2}})
    for _ in range(10):
        current_app.send_task(hints.TASK, args=["cpu"], queue="cpu", ignore_result=True)
    wait_for(all_done)
    time.sleep(0.5)
    assert marks("First:begun") == marks("First:ended") == 3


def test_a_lost_message_costs_one_look(workers: Start) -> None:
    workers(recordings={**HURRIED, "poll_seconds": 2})
    journey.process(factories.recording(), pipeline="short")
    wait_for(all_done)
    current_app.control.purge()
    made = factories.recording()
    run = journey.process(made, pipeline="fragile")
    while run.status in ("queued", "running"):
        current_app.control.purge()
        run.refresh_from_db()
        time.sleep(0.01)
    assert run.status == "done"
