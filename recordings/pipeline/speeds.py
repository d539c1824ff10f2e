"""How long steps take here, learned by doing: seconds of work per second of sound."""

import time

from common.sql import ask
from recordings.choices import StepStatus
from recordings.models import StepRun

EVERY_SECONDS = 5.0
"""A process learns at most this often per step, so that short steps don't queue for one row."""
_last: dict[str, float] = {}

LEARN = """
INSERT INTO recordings_stepspeed AS s (step, seconds_per_second, fixed_seconds, samples)
SELECT step, CASE WHEN cost > 0 THEN seconds / cost ELSE 0 END,
       CASE WHEN cost > 0 THEN 0 ELSE seconds END, 1
FROM (SELECT step, cost, extract(epoch FROM finished_at - started_at)::float8 AS seconds
      FROM recordings_steprun WHERE id = %(id)s) measured
ON CONFLICT (step) DO UPDATE SET
    seconds_per_second = s.seconds_per_second + (excluded.seconds_per_second
        - s.seconds_per_second) / LEAST(s.samples + 1, 20),
    fixed_seconds = s.fixed_seconds + (excluded.fixed_seconds - s.fixed_seconds)
        / LEAST(s.samples + 1, 20),
    samples = s.samples + 1"""


def learn(done: StepRun, status: StepStatus) -> None:
    """Takes the duration of a step that was just done into the moving average."""
    now = time.monotonic()
    if status is StepStatus.DONE and now - _last.get(done.step, -EVERY_SECONDS) >= EVERY_SECONDS:
        _last[done.step] = now
        ask(LEARN, id=done.pk)
