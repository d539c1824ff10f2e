"""A recording's journey: claimed once, settled once, fair, retried, cancelled, never lost."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.utils import timezone

from common.errors import Conflict, Invalid
from common.sql import ask
from notifications.models import Event
from recordings import selectors, tasks
from recordings.choices import TRANSITIONS, Priority, RecordingStatus, RunStatus, StepStatus
from recordings.models import Recording, Run, StepRun
from recordings.pipeline import identity, leases, runner
from recordings.pipeline.step import Context, Stopped
from recordings.services import journey
from recordings.tests import factories

pytestmark = pytest.mark.usefixtures("pipelines")
Marks = Callable[[], list[str]]


def drain_all() -> None:
    while sum(tasks.drain(queue) for queue in ("cpu", "gpu", "llm")):
        pass


def expire(step: StepRun) -> None:
    StepRun.objects.filter(pk=step.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def claim(queue: str = "cpu") -> StepRun:
    claimed = leases.claim(queue, worker=identity.name())
    assert claimed
    return claimed


def test_a_journey_fans_out_over_tracks_and_comes_together(marks: Marks) -> None:
    recording = factories.recording(tracks=3)
    run = journey.process(recording, pipeline="long")
    drain_all()
    run.refresh_from_db()
    recording.refresh_from_db()
    assert (run.status, recording.status) == ("done", "done")
    assert [word for word in marks() if word.endswith("ended")] == [
        "First:ended",
        *["PerTrack:ended"] * 3,
        "Last:ended",
    ]
    assert list(run.steps.values_list("status", flat=True)) == ["done"] * 4 + ["skipped", "done"]
    told = Event.objects.filter(type="recording.status").order_by("id")
    assert [(event.data["from"], event.data["to"]) for event in told] == [
        ("ready", "processing"),
        ("processing", "done"),
    ]


def test_the_next_step_waits_for_every_track() -> None:
    run = journey.process(factories.recording(tracks=2), pipeline="long")
    tasks.drain("cpu")
    first, second = claim("gpu"), claim("gpu")
    assert leases.settle(first, StepStatus.DONE) == []
    assert leases.claim("cpu", worker="w") is None
    assert leases.settle(second, StepStatus.DONE) == ["cpu"]
    run.refresh_from_db()
    assert (run.position, run.remaining) == (2, 1)


def test_of_two_tracks_that_pass_at_once_exactly_one_moves_the_run_on() -> None:
    for _ in range(20):
        run = journey.process(factories.recording(tracks=2), pipeline="long")
        tasks.drain("cpu")
        held = [claim("gpu"), claim("gpu")]
        barrier = threading.Barrier(2)

        def settle(step: StepRun, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            leases.settle(step, StepStatus.DONE)
            connection.close()

        threads = [threading.Thread(target=settle, args=[step]) for step in held]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        drain_all()
        run.refresh_from_db()
        assert run.status == "done"


def test_many_workers_never_claim_the_same_step() -> None:
    owner = factories.user()
    for _ in range(30):
        journey.process(factories.recording(owner), pipeline="short")
    taken: list[int] = []

    def work() -> None:
        while claimed := leases.claim("cpu", worker="w"):
            taken.append(claimed.pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 30


def test_an_old_attempt_settles_nothing() -> None:
    journey.process(factories.recording(), pipeline="short")
    old = claim()
    expire(old)
    assert leases.sweep() == ["cpu"]
    new = claim()
    assert new.attempt == old.attempt + 1
    assert leases.settle(old, StepStatus.DONE) is None
    assert not leases.renew(old, progress=5, tell=True)
    assert not leases.retry(old, error={})
    assert not leases.fail(old, error={})
    with pytest.raises(Stopped), Context(old).writing():
        raise AssertionError("an old attempt must not write")
    new.refresh_from_db()
    assert (new.status, new.attempt) == ("running", 2)


def test_a_live_lease_is_not_swept_and_a_dead_process_is_released_at_once() -> None:
    journey.process(factories.recording(), pipeline="short")
    held = claim()
    assert leases.sweep() == []
    assert leases.release([f"{identity.home()}/1/0"]) == []
    dead = f"{identity.home()}/999999/1"
    StepRun.objects.filter(pk=held.pk).update(worker=dead)
    assert identity.is_dead(dead)
    assert not identity.is_dead(identity.name())
    assert not identity.is_dead("elsewhere:0:0/1/1")
    tasks.tidy()
    held.refresh_from_db()
    assert (held.status, held.lost) == ("pending", 1)


def test_a_step_that_kills_every_worker_ends_as_failed_with_a_reason() -> None:
    recording = factories.recording()
    journey.process(recording, pipeline="short")
    for _ in range(leases.MAX_LOST):
        held = claim()
        StepRun.objects.filter(pk=held.pk).update(worker=f"{identity.home()}/999999/1")
        tasks.tidy()
    assert leases.claim("cpu", worker="w") is None
    recording.refresh_from_db()
    assert recording.status == "failed"
    assert recording.error["code"] == "worker_lost"
    assert recording.error["next_action"]


def test_a_retryable_failure_is_tried_again_later_and_then_passes(marks: Marks) -> None:
    recording = factories.recording()
    journey.process(recording, pipeline="short", params={"First": {"fail": 2}})
    tasks.drain("cpu")
    step = StepRun.objects.get()
    assert (step.status, step.failures, step.error["code"]) == ("pending", 1, "stand_in")
    assert step.ready_at > timezone.now()
    assert leases.claim("cpu", worker="w") is None
    end = time.monotonic() + 10
    while recording.status != "done" and time.monotonic() < end:
        tasks.drain("cpu")
        recording.refresh_from_db()
    assert recording.status == "done"
    assert marks().count("First:begun") == 3
    assert marks().count("First:ended") == 1


@pytest.mark.parametrize(
    ("wish", "code", "retryable"),
    [
        ({"fail": 99}, "stand_in", True),
        ({"refuse": True}, "refused", False),
        ({"crash": True}, "internal", True),
    ],
)
def test_the_last_failure_says_what_and_whether_to_try_again(
    wish: dict, code: str, retryable: bool
) -> None:
    recording = factories.recording()
    run = journey.process(recording, pipeline="long", params={"First": wish})
    end = time.monotonic() + 10
    while recording.status == "processing" and time.monotonic() < end:
        drain_all()
        recording.refresh_from_db()
    assert recording.status == "failed"
    assert recording.error["code"] == code
    assert recording.error["retryable"] is retryable
    run.refresh_from_db()
    assert run.status == "failed"
    assert set(run.steps.values_list("status", flat=True)) == {"failed", "cancelled"}


def test_cancelling_stops_the_work_and_frees_the_recording(marks: Marks) -> None:
    recording = factories.recording()
    journey.process(recording, pipeline="short", params={"First": {"sleep": 30}})
    worker = threading.Thread(target=lambda: (tasks.drain("cpu"), connection.close()))
    worker.start()
    while "First:begun" not in marks():
        time.sleep(0.02)
    with pytest.raises(Conflict, match="already"):
        journey.process(recording, pipeline="short")
    assert journey.cancel(recording) is True
    assert journey.cancel(recording) is False
    worker.join(timeout=10)
    assert not worker.is_alive()
    recording.refresh_from_db()
    assert recording.status == "cancelled"
    assert "First:ended" not in marks()
    assert StepRun.objects.get().status == "cancelled"
    journey.process(recording, pipeline="short")
    drain_all()
    recording.refresh_from_db()
    assert recording.status == "done"


def test_cancelling_a_second_run_leaves_what_was_done() -> None:
    recording = factories.recording()
    journey.process(recording, pipeline="short")
    drain_all()
    journey.process(recording, pipeline="short")
    journey.cancel(recording)
    recording.refresh_from_db()
    assert (recording.status, recording.error) == ("done", None)
    assert sorted(recording.runs.values_list("status", flat=True)) == ["cancelled", "done"]


def test_a_step_out_of_time_is_stopped() -> None:
    recording = factories.recording()
    journey.process(recording, pipeline="hasty", params={"Short": {"sleep": 30}})
    tasks.drain("cpu")
    recording.refresh_from_db()
    assert (recording.status, recording.error["code"]) == ("failed", "timeout")


def test_a_heartbeat_keeps_long_work(marks: Marks) -> None:
    recording = factories.recording()
    journey.process(recording, pipeline="short", params={"First": {"sleep": 2.5}})
    worker = threading.Thread(target=lambda: (tasks.drain("cpu"), connection.close()))
    worker.start()
    while worker.is_alive():
        assert leases.sweep() == []
        time.sleep(0.1)
    assert marks() == ["First:begun", "First:ended"]


def test_another_owners_single_recording_starts_within_two_claims() -> None:
    busy, other = factories.user(), factories.user()
    for _ in range(100):
        journey.process(factories.recording(busy), pipeline="short")
    for _ in range(10):
        leases.settle(claim(), StepStatus.DONE)
    mine = factories.recording(other)
    journey.process(mine, pipeline="short")
    assert mine.pk in {claim().recording_id for _ in range(2)}


def test_a_higher_class_goes_first() -> None:
    owner = factories.user()
    for _ in range(5):
        journey.process(factories.recording(owner), pipeline="short")
    urgent = factories.recording(owner)
    journey.process(urgent, pipeline="short", priority=Priority.LIVE)
    assert claim().recording_id == urgent.pk


def test_the_queue_tells_position_and_time() -> None:
    owner = factories.user()
    recordings = [factories.recording(owner) for _ in range(3)]
    for one in recordings:
        journey.process(one, pipeline="short")
    ids = [one.pk for one in recordings]
    found = selectors.queue_of(ids)
    assert [found[one]["position"] for one in ids] == [1, 2, 3]
    assert found[ids[0]]["eta_s"] < found[ids[2]]["eta_s"]
    leases.settle(claim(), StepStatus.DONE)
    held = claim()
    found = selectors.queue_of(ids)
    assert ids[0] not in found
    assert (found[held.recording_id]["position"], found[ids[2]]["position"]) == (0, 1)
    leases.renew(held, progress=40, tell=True)
    assert selectors.progress_of([held.recording_id]) == {held.recording_id: 40.0}


def test_chosen_tracks_only() -> None:
    recording = factories.recording(tracks=3)
    wanted = recording.tracks.get(position=1)
    run = journey.process(recording, pipeline="long", tracks=[wanted.pk])
    assert list(run.steps.exclude(track=None).values_list("track", flat=True)) == [wanted.pk]
    foreign = factories.recording().tracks.get()
    journey.cancel(recording)
    with pytest.raises(Invalid):
        journey.process(recording, pipeline="long", tracks=[foreign.pk])
    with pytest.raises(Invalid) as refused:
        journey.process(recording, pipeline="nonsense")
    assert "short" in refused.value.next_action


def test_deleting_a_recording_wins_over_work_in_flight() -> None:
    recording = factories.recording()
    journey.process(recording, pipeline="short")
    held = claim()
    recording.delete()
    assert leases.settle(held, StepStatus.DONE) is None
    assert runner.execute(held) == []
    assert Recording.objects.count() == Run.objects.count() == 0


MODELS = {
    RecordingStatus: "recordings_recording",
    RunStatus: "recordings_run",
    StepStatus: "recordings_steprun",
}


@pytest.mark.parametrize("statuses", MODELS)
def test_postgresql_refuses_every_change_that_is_not_in_the_table(statuses: type) -> None:
    recording = factories.recording()
    run = journey.process(recording, pipeline="short")
    keys = {
        RecordingStatus: recording.pk,
        RunStatus: run.pk,
        StepStatus: run.steps.get().pk,
    }
    table, key = MODELS[statuses], keys[statuses]
    for old in statuses:
        for new in statuses:
            legal = old == new or new in TRANSITIONS[statuses][old]
            assert _may(table, key, old, new) is legal, (old, new)


def _may(table: str, key: object, old: str, new: str) -> bool:
    """Whether PostgreSQL lets `new` follow `old`, which is set behind the back of the trigger."""
    lease = ", lease_until = now()" if table.endswith("steprun") else ""
    try:
        with transaction.atomic():
            ask("SET LOCAL session_replication_role = replica")
            ask(f"UPDATE {table} SET status = %(s)s{lease} WHERE id = %(k)s", s=str(old), k=key)
            ask("SET LOCAL session_replication_role = origin")
            ask(f"UPDATE {table} SET status = %(s)s WHERE id = %(k)s", s=str(new), k=key)
            transaction.set_rollback(True)
    except DatabaseError:
        return False
    return True
