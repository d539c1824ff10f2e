"""The admin's first page: what works, what waits, what failed. Cheap enough to ask every 5 s.

What moves is read from partial indexes at every look; what grows slowly (sums over whole tables)
is kept for `KEPT_SECONDS` in each process.
"""

import datetime as dt
from typing import Any

import orjson
from django.contrib import admin
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts import licences
from common.sql import ask
from notifications.numbering import last_number
from recognition.gateway import standing
from recordings.admin.storage import room
from recordings.admin.words import left, step_name, took, worker_name
from recordings.choices import Queue, RecordingStatus
from recordings.models import StorageSettings
from recordings.wording import told

KEPT_SECONDS = 30
SLOW = "admin-dashboard-slow"
LONG_WAIT_SECONDS = 60
"""Ready work that nobody has taken for so long: probably no worker serves its queue."""
WORKERS_SHOWN = 30
DAYS = 7


def fill(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What `UNFOLD["DASHBOARD_CALLBACK"]` names: the index page's context with the figures."""
    return context | look()


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The figures alone, for HTMX. Who is no longer signed in is told to load the page anew."""
    if not admin.site.has_permission(request):
        return HttpResponse(status=403, headers={"HX-Refresh": "true"})
    response = TemplateResponse(request, "admin/dashboard/live.html", look())
    response["Cache-Control"] = "no-store"
    return response


def look() -> dict[str, Any]:
    """Everything the page shows, as plain values."""
    slow = cache.get(SLOW)
    if slow is None:
        slow = {"speech": speech(), "statuses": statuses(), "storage": storage()}
        slow["licence"] = licences.status()
        cache.set(SLOW, slow, KEPT_SECONDS)
    workers = at_work()
    return {
        **slow,
        "now": timezone.localtime(),
        "queues": queues(),
        "runs": runs(),
        "failures": failures(),
        "engines": standing.summary() | {"link": reverse("admin:recognition_engine_changelist")},
        "workers": workers,
        "late": sum(worker["late"] for worker in workers),
        "event": last_number(),
    }


READY = """
SELECT s.queue,
       count(*) FILTER (WHERE s.ready_at <= now()) AS ready,
       count(*) FILTER (WHERE s.ready_at > now()) AS retrying,
       extract(epoch FROM now() - min(s.ready_at))::float8 AS oldest,
       sum(COALESCE(v.fixed_seconds, 1) + s.cost * COALESCE(v.seconds_per_second, 0.1))::float8
           AS work
FROM recordings_steprun s LEFT JOIN recordings_stepspeed v ON v.step = s.step
WHERE s.status = 'pending' AND s.ready_at IS NOT NULL GROUP BY s.queue"""

RUNNING = """
SELECT queue, count(*) AS running FROM recordings_steprun WHERE status = 'running' GROUP BY queue"""


def queues() -> list[dict[str, Any]]:
    """Each queue: `ready`, `running`, `retrying`, `oldest` and `wait` in seconds, `stuck`."""
    found: dict[str, dict[str, Any]] = {
        name: {"name": name, "label": label, "ready": 0, "running": 0, "retrying": 0}
        for name, label in Queue.choices
    }
    for statement in (READY, RUNNING):
        for row in ask(statement):
            found.setdefault(row["queue"], {"name": row["queue"], "label": row["queue"]}).update(
                row
            )
    for one in found.values():
        oldest = one.get("oldest") or 0
        one["wait"] = (one.get("work") or 0) / max(1, one["running"])
        one["stuck"] = bool(one["ready"] and not one["running"] and oldest > LONG_WAIT_SECONDS)
        one["ready_link"] = _list("steprun", queue__exact=one["name"], waits="worker")
        one["running_link"] = _list("steprun", queue__exact=one["name"], status__exact="running")
        one["retrying_link"] = _list("steprun", queue__exact=one["name"], waits="retry")
    return list(found.values())


RUNS = """
SELECT status, count(*) AS n FROM recordings_run
WHERE status IN ('queued', 'running') GROUP BY status"""


def runs() -> dict[str, Any]:
    """The backlog: runs that wait and runs under way."""
    found = {row["status"]: row["n"] for row in ask(RUNS)}
    queued, running = found.get("queued", 0), found.get("running", 0)
    return {
        "queued": queued,
        "running": running,
        "total": queued + running,
        "queued_link": _list("run", status__exact="queued"),
        "link": _list("run", life="live"),
    }


FAILURES = """
SELECT COALESCE(error->>'code', '') AS code, count(*) AS n, max(updated_at) AS last,
       (array_agg(error ORDER BY updated_at DESC))[1] AS error
FROM recordings_recording
WHERE status = 'failed' AND updated_at > now() - interval '1 day'
GROUP BY 1 ORDER BY 2 DESC"""


def failures() -> dict[str, Any]:
    """Recordings that failed within 24 hours and are failed still, by the code of the error."""
    rows = ask(FAILURES)
    for row in rows:
        row |= told(orjson.loads(row.pop("error") or "null")) or {}
        row["link"] = _list("recording", failed=f"day:{row['code']}" if row["code"] else "day")
    return {
        "total": sum(row["n"] for row in rows),
        "rows": rows[:8],
        "link": _list("recording", failed="day"),
    }


AT_WORK = """
SELECT s.worker, s.step, s.queue, s.progress, s.started_at, s.lease_until, s.attempt, s.run_id,
       r.title, r.number
FROM recordings_steprun s JOIN recordings_recording r ON r.id = s.recording_id
WHERE s.status = 'running' ORDER BY s.started_at LIMIT %(most)s"""


def at_work() -> list[dict[str, Any]]:
    """Workers and what they do now. An idle worker leaves no trace in the database."""
    rows = ask(AT_WORK, most=WORKERS_SHOWN)
    now = timezone.now()
    return [
        {
            "name": worker_name(row["worker"]),
            "full_name": row["worker"],
            "queue": row["queue"],
            "step": step_name(row["step"]),
            "title": row["title"] or f"#{row['number']}",
            "progress": row["progress"],
            "since": took(row["started_at"], None),
            "lease": left(row["lease_until"]),
            "late": row["lease_until"] < now,
            "link": reverse("admin:recordings_run_change", args=[row["run_id"]]),
        }
        for row in rows
    ]


SPEECH = """
SELECT (created_at AT TIME ZONE %(zone)s)::date AS day, sum(speech)::float8 / 3600 AS hours
FROM recordings_track WHERE created_at >= %(since)s AND speech IS NOT NULL GROUP BY 1"""
SPEECH_TOTAL = "SELECT COALESCE(sum(speech), 0)::float8 / 3600 AS hours FROM recordings_track"


def speech() -> dict[str, Any]:
    """Hours of speech found in what came in: by day, in the last week, in all."""
    today = timezone.localdate()
    first = today - dt.timedelta(days=DAYS - 1)
    midnight = timezone.make_aware(dt.datetime.combine(first, dt.time()))
    zone = timezone.get_current_timezone_name()
    found = {row["day"]: row["hours"] for row in ask(SPEECH, zone=zone, since=midnight)}
    days = [first + dt.timedelta(days=n) for n in range(DAYS)]
    most = max(found.values(), default=0)
    return {
        "today": found.get(today, 0.0),
        "week": sum(found.values()),
        "total": ask(SPEECH_TOTAL)[0]["hours"],
        "days": [
            {
                "day": day,
                "hours": found.get(day, 0.0),
                "percent": round(100 * found.get(day, 0.0) / most) if most else 0,
            }
            for day in days
        ],
    }


STATUSES = "SELECT status, count(*) AS n FROM recordings_recording GROUP BY status"


def statuses() -> dict[str, Any]:
    found = {row["status"]: row["n"] for row in ask(STATUSES)}
    return {
        "total": sum(found.values()),
        "rows": [
            {
                "status": status,
                "label": label,
                "n": found.get(status, 0),
                "link": _list("recording", status__exact=status),
            }
            for status, label in RecordingStatus.choices
        ],
    }


STORED = """
SELECT COALESCE(sum(size), 0)::float8 AS bytes, count(*) AS files FROM recordings_storedfile"""


def storage() -> dict[str, Any]:
    row = StorageSettings.objects.first() or StorageSettings()
    return room(row) | ask(STORED)[0] | {"link": _list("storagesettings")}


def _list(model: str, **filters: str) -> str:
    where = reverse(f"admin:recordings_{model}_changelist")
    return f"{where}?{urlencode(filters)}" if filters else where
