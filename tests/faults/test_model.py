"""Random schedules: whatever is done to the queue, in whatever order, a small model foretells it.

The model knows a step's status and who holds it. Everything else (leases, events, counters) is
checked by the invariants after every move.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from common.errors import Conflict
from common.sql import ask
from notifications.models import Event
from recordings import services
from recordings.choices import StepStatus
from recordings.models import Recording, Run, StepRun, StoredFile, Track
from recordings.pipeline import leases
from recordings.services import journey
from recordings.tests import factories
from tests.faults import invariants

ERROR = {"code": "x", "message": "x", "retryable": True, "next_action": ""}


@dataclass
class Step:
    """What the model knows of one row."""

    recording: UUID
    position: int
    status: str = "waiting"
    attempt: int = 0
    lost: int = 0


@dataclass
class Model:
    steps: dict[int, Step] = field(default_factory=dict)

    def keys(self, status: str) -> list[int]:
        return sorted(key for key, step in self.steps.items() if step.status == status)

    def of(self, recording: UUID) -> list[Step]:
        return [step for step in self.steps.values() if step.recording == recording]

    def holds(self, claimed: StepRun) -> bool:
        step = self.steps.get(claimed.pk)
        return step is not None and (step.status, step.attempt) == ("running", claimed.attempt)

    def end(self, recording: UUID) -> None:
        for step in self.of(recording):
            if step.status in ("waiting", "pending", "running"):
                step.status = "cancelled"

    def advance(self, recording: UUID) -> None:
        """The first position that has not passed becomes ready."""
        left = [step for step in self.of(recording) if step.status not in ("done", "skipped")]
        for step in left:
            if step.status == "waiting" and step.position == left[0].position:
                step.status = "pending"

    def forget(self, recording: UUID) -> None:
        self.steps = {key: one for key, one in self.steps.items() if one.recording != recording}


WEIGHTED = [
    *["claim"] * 6,
    *["settle"] * 5,
    *["settle_any"] * 2,
    *["take_over"] * 3,
    *["renew", "retry", "fail", "lose", "cancel", "delete", "process", "process_again"],
]


class Queue(RuleBasedStateMachine):
    """One rule with weighted moves: left to themselves, schedules mostly start and cancel."""

    def __init__(self) -> None:
        super().__init__()
        clear()
        self.model = Model()
        self.owner = factories.user()
        self.recordings: list[Recording] = []
        self.claims: list[StepRun] = []
        for number in range(3):
            self.process(number)

    @rule(moves=st.lists(st.tuples(st.sampled_from(WEIGHTED), st.integers(0, 99)), max_size=3))
    def move(self, moves: list[tuple[str, int]]) -> None:
        for name, number in moves:
            getattr(self, name)(number)

    def process(self, number: int) -> None:
        made = factories.recording(self.owner, tracks=1 + number % 3)
        run = journey.process(made, pipeline="quick" if number % 3 == 1 else "fragile")
        for step in run.steps.all():
            self.model.steps[step.pk] = Step(made.pk, step.position)
        self.model.advance(made.pk)
        self.recordings.append(made)

    def process_again(self, number: int) -> None:
        recording = pick(self.recordings, number)
        if recording is None:
            return
        if any(one.status in OPEN for one in self.model.of(recording.pk)):
            with pytest.raises(Conflict):
                journey.process(recording, pipeline="quick")
            return
        run = journey.process(recording, pipeline="quick")
        self.model.steps[run.steps.get().pk] = Step(recording.pk, 0, "pending")

    def claim(self, number: int) -> None:
        ready = self.model.keys("pending")
        self.claim_from(QUEUES[name_of(ready[number % len(ready)])] if ready else "cpu")

    def claim_from(self, queue: str) -> None:
        ready = [key for key in self.model.keys("pending") if QUEUES[name_of(key)] == queue]
        claimed = leases.claim(queue, worker="here")
        if claimed is None:
            assert ready == []
            return
        assert claimed.pk in ready
        step = self.model.steps[claimed.pk]
        step.status, step.attempt = "running", step.attempt + 1
        assert claimed.attempt == step.attempt
        self.claims.append(claimed)

    def settle(self, number: int) -> None:
        """By the last who claimed."""
        self.settle_one(self.claims[-1] if self.claims else None, number)

    def settle_any(self, number: int) -> None:
        """Perhaps by somebody who lost it long ago."""
        self.settle_one(pick(self.claims, number), number)

    def settle_one(self, claimed: StepRun | None, number: int) -> None:
        if claimed is None:
            return
        status = StepStatus.SKIPPED if number % 5 == 0 else StepStatus.DONE
        settled = leases.settle(claimed, status)
        assert (settled is not None) == self.model.holds(claimed)
        if settled is not None:
            self.model.steps[claimed.pk].status = status.value
            self.model.advance(claimed.recording_id)

    def renew(self, number: int) -> None:
        claimed = pick(self.claims, number)
        if claimed:
            assert leases.renew(claimed, progress=number, tell=True) == self.model.holds(claimed)

    def retry(self, number: int) -> None:
        claimed = pick(self.claims, number)
        if claimed is None:
            return
        held = self.model.holds(claimed)
        assert leases.retry(claimed, error=ERROR) == held
        if held:
            self.model.steps[claimed.pk].status = "pending"
            ask("UPDATE recordings_steprun SET ready_at = now() WHERE id = %(i)s", i=claimed.pk)

    def fail(self, number: int) -> None:
        claimed = pick(self.claims, number)
        if claimed is None:
            return
        held = self.model.holds(claimed)
        assert leases.fail(claimed, error=ERROR) == held
        if held:
            self.model.steps[claimed.pk].status = "failed"
            self.model.end(claimed.recording_id)

    def lose(self, number: int) -> None:
        """Leases run out and are swept; a step that was lost too often is given up."""
        running = self.model.keys("running")
        chosen = [key for place, key in enumerate(running) if number >> place & 1]
        ask(EXPIRE, ids=chosen)
        leases.sweep()
        for key in chosen:
            step = self.model.steps[key]
            step.lost += 1
            step.status = "pending"
            if step.lost >= leases.MAX_LOST:
                self.model.end(step.recording)

    def take_over(self, number: int) -> None:
        """One is lost, and its queue's next step is claimed at once: often the same."""
        running = self.model.keys("running")
        if running:
            place = number % len(running)
            queue = QUEUES[name_of(running[place])]
            self.lose(1 << place)
            self.claim_from(queue)

    def cancel(self, number: int) -> None:
        recording = pick(self.recordings, number)
        if recording:
            live = any(one.status in OPEN for one in self.model.of(recording.pk))
            assert journey.cancel(recording) == live
            self.model.end(recording.pk)

    def delete(self, number: int) -> None:
        recording = pick(self.recordings, number)
        if recording:
            self.recordings.remove(recording)
            services.delete(recording, by=self.owner)
            self.model.forget(recording.pk)

    @invariant()
    def rows_are_what_the_model_says(self) -> None:
        rows = ask("SELECT id, status, ready_at, attempt, lost FROM recordings_steprun")
        assert {row["id"]: status_of(row) for row in rows} == {
            key: one.status for key, one in self.model.steps.items()
        }
        for row in rows:
            one = self.model.steps[row["id"]]
            assert (row["attempt"], row["lost"]) == (one.attempt, one.lost)
        invariants.nobody_is_stuck()

    @invariant()
    def recordings_are_what_their_last_run_is(self) -> None:
        assert ask(DISAGREE) == []

    def teardown(self) -> None:
        steps = ask("SELECT id, status, attempt, lost, failures FROM recordings_steprun")
        invariants.check_history(steps)


OPEN = {"waiting", "pending", "running"}
QUEUES = {"Open": "cpu", "EachTrack": "gpu", "Middle": "llm", "Close": "cpu"}
EXPIRE = (
    "UPDATE recordings_steprun SET lease_until = now() - interval '1 s' WHERE id = ANY(%(ids)s)"
)
DISAGREE = """
SELECT c.id FROM recordings_recording c JOIN LATERAL (
    SELECT status FROM recordings_run r WHERE r.recording_id = c.id ORDER BY created_at DESC LIMIT 1
) last ON true
WHERE c.status <> CASE WHEN last.status IN ('queued', 'running') THEN 'processing'
    WHEN last.status = 'cancelled' AND EXISTS (SELECT 1 FROM recordings_run d
        WHERE d.recording_id = c.id AND d.status = 'done') THEN 'done'
    ELSE last.status END"""
"""A recording that was done stays so when a later run is cancelled."""


def pick(things: Sequence[Any], number: int) -> Any:
    return things[number % len(things)] if things else None


def name_of(step: int) -> str:
    name: str = StepRun.objects.values_list("step", flat=True).get(pk=step)
    return name.rpartition(".")[2]


def status_of(row: dict) -> str:  # type: ignore[type-arg]
    waits = row["status"] == "pending" and row["ready_at"] is None
    return "waiting" if waits else row["status"]


def clear() -> None:
    """Deletes what the last example has left, faster than a truncation."""
    for model in (StepRun, Run, Track, Recording, StoredFile, Event):
        model.objects.all()._raw_delete("default")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "examples",
    [
        60,
        pytest.param(600, marks=[pytest.mark.campaign, pytest.mark.timeout(3000)]),
    ],
)
def test_random_schedules(pipelines: None, examples: int) -> None:
    run_state_machine_as_test(
        Queue,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            derandomize=examples < 100,
            database=None,
            # A short answer is worth minutes of shrinking only where there is time.
            phases=[Phase.generate] if examples < 100 else list(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )
