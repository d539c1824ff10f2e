"""What the licence counts of recordings, and asking it before work. Named in LICENCE_USAGE."""

from django.conf import settings

from accounts import licences
from common.sql import ask
from recordings.choices import Queue
from recordings.models import Recording
from recordings.pipeline.step import steps_of

# By the partial index of leases: only running steps are looked at.
_AT_WORK = """
SELECT count(*) AS n FROM recordings_steprun WHERE status = 'running' AND queue = %(queue)s"""
# By the index of `created_at`: only this month's runs are looked at.
_HOURS = """
SELECT COALESCE(sum(c.duration), 0)::float8 / 3600 AS n
FROM recordings_run r JOIN recordings_recording c ON c.id = r.recording_id
WHERE r.created_at >= date_trunc('month', now(), 'UTC')
    AND r.status IN ('queued', 'running', 'done') AND r.pipeline = ANY(%(pipelines)s)"""


def admit(recording: Recording, *, pipeline: str) -> None:
    """Raises LicenceLimit when the licence does not cover this run. Nothing has changed then."""
    if _hears(pipeline):
        licences.check("hours_per_month", wanted=recording.duration / 3600)
    else:
        licences.check_state()


def recognitions() -> int:
    """Tracks that are heard at this moment, by whatever worker or engine."""
    return int(ask(_AT_WORK, queue=Queue.GPU.value)[0]["n"])


def hours_this_month() -> float:
    """Hours of conversations whose recognition was asked for since the month began (UTC).

    Runs under way count already, failed and cancelled ones don't; each run of a recording counts.
    """
    hearing = [name for name in settings.PIPELINES if _hears(name)]
    return float(ask(_HOURS, pipelines=hearing)[0]["n"])


def _hears(pipeline: str) -> bool:
    return any(step.queue == Queue.GPU for _name, step in steps_of(pipeline))
