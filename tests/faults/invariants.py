"""What holds whatever was killed: checked on the rows, the events and what the steps wrote down.

"Once" means: each settled step was settled by exactly one attempt, the last; what it wrote stands
there exactly once and is that attempt's. An earlier attempt may have written too (a worker may die
between writing and settling), but only if it was given back afterwards: its output was replaced.
"""

from collections import defaultdict
from itertools import pairwise
from typing import Any

from common.sql import ask
from notifications.models import Event
from recordings.choices import TRANSITIONS, StepStatus

STUCK = """
SELECT s.id FROM recordings_steprun s JOIN recordings_run r ON r.id = s.run_id
WHERE (s.status = 'running' AND s.lease_until IS NULL)
   OR (s.status = 'pending' AND s.ready_at IS NULL AND s.position <= r.position)
   OR (s.status IN ('pending', 'running') AND r.status NOT IN ('queued', 'running'))
   OR (r.status IN ('queued', 'running') AND NOT EXISTS (
        SELECT 1 FROM recordings_steprun o WHERE o.run_id = r.id AND o.position = r.position
            AND (o.status = 'running' OR (o.status = 'pending' AND o.ready_at IS NOT NULL))))"""

COUNTED_WRONG = """
SELECT r.id FROM recordings_run r WHERE r.status IN ('queued', 'running') AND r.remaining <> (
    SELECT count(*) FROM recordings_steprun s WHERE s.run_id = r.id AND s.position = r.position
        AND s.status IN ('pending', 'running'))"""

OVERDUE = """
SELECT id, step, attempt, lost, worker, now() - lease_until AS since FROM recordings_steprun
WHERE status = 'running' AND lease_until < clock_timestamp() - %(seconds)s * interval '1 second'"""


def nobody_is_stuck() -> None:
    """At any moment: every open row is held under a lease, waits for a time, or can be claimed."""
    assert ask(STUCK) == []
    assert ask(COUNTED_WRONG) == []


def no_lease_is_overdue(seconds: float) -> None:
    """Nothing stays with a worker that stopped renewing `seconds` longer than its lease."""
    assert ask(OVERDUE, seconds=seconds) == []


def history() -> dict[str, list[dict[str, Any]]]:
    """Step id -> what its events tell, in order."""
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for key, data in (
        Event.objects.filter(type="step.status").order_by("id").values_list("object_id", "data")
    ):
        told[key].append(data)
    return told


def check_history(steps: list[dict[str, Any]]) -> None:
    """Events replay to the row: legal, without a gap, one claim per attempt, settled once."""
    told = history()
    for step in steps:
        events = told[str(step["id"])]
        if not events:
            assert (step["status"], step["attempt"]) == ("pending", 0), step
            continue
        moves = [(one["from"], one["to"]) for one in events]
        assert moves[0][0] == "pending", moves
        assert all(before[1] == after[0] for before, after in pairwise(moves)), moves
        assert all(new in TRANSITIONS[StepStatus][StepStatus(old)] for old, new in moves), moves
        assert moves[-1][1] == step["status"], moves
        claims = [one["attempt"] for one in events if one["to"] == "running"]
        assert claims == list(range(1, step["attempt"] + 1)), moves
        assert moves.count(("running", "pending")) == step["lost"] + step["failures"], moves


def check_results(steps: list[dict[str, Any]]) -> None:
    """Each done step's output stands there once and is the settled attempt's."""
    outputs, written = defaultdict(list), defaultdict(list)
    for row in ask("SELECT step_run, attempt FROM test_outputs"):
        outputs[row["step_run"]].append(row["attempt"])
    for row in ask("SELECT step_run, attempt FROM test_works WHERE word = 'ended' ORDER BY id"):
        written[row["step_run"]].append(row["attempt"])
    for step in (one for one in steps if one["status"] == "done"):
        assert outputs[step["id"]] == [step["attempt"]], step
        attempts = written[step["id"]]
        assert attempts == sorted(set(attempts)), step  # one per attempt, never an older one
        assert attempts[-1] == step["attempt"], step


def check_everything(*, done: bool = True) -> list[dict[str, Any]]:
    """All of the above on all rows; `done`: everything must have ended well. The steps."""
    nobody_is_stuck()
    steps = ask("SELECT id, status, attempt, lost, failures, error FROM recordings_steprun")
    if done:
        assert {step["status"] for step in steps} <= {"done", "skipped"}
        for table in ("run", "recording"):
            statuses = ask(f"SELECT DISTINCT status FROM recordings_{table}")
            assert [row["status"] for row in statuses] == ["done"], table
    check_history(steps)
    check_results(steps)
    return steps
