"""Health and metrics: whether the process answers, whether it can work, and how much it does."""

import hmac
import ipaddress
import time
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from accounts import licences
from common.errors import SaiError
from common.sql import ask
from recordings.storage import get_storage

SWEEP_LATE_SECONDS = 60
"""A running step whose lease ended this long ago was not swept: nobody sweeps."""


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing else."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Database, Redis, storage and sweeper. 503 when work can't be done; Redis alone only warns."""
    parts = {name: _try(check) for name, check in CHECKS.items()}
    ready = all(state == "ok" for name, state in parts.items() if name != "redis")
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "parts": parts}, status=200 if ready else 503
    )


def _try(check: Callable[[], str]) -> str:
    try:
        return check()
    except (DatabaseError, redis.RedisError, SaiError, OSError) as error:
        return f"failed: {type(error).__name__}"


def _database() -> str:
    ask("SELECT 1")
    return "ok"


def _redis() -> str:
    redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1).ping()
    return "ok"


def _storage() -> str:
    get_storage().ensure_room(0)
    return "ok"


def _sweeper() -> str:
    late = ask(
        "SELECT count(*) AS n FROM recordings_steprun WHERE status = 'running'"
        " AND lease_until < now() - %(late)s * interval '1 second'",
        late=SWEEP_LATE_SECONDS,
    )[0]["n"]
    return "late" if late else "ok"


CHECKS = {"database": _database, "redis": _redis, "storage": _storage, "sweeper": _sweeper}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text. Only for the local network, or with `SAI_METRICS_TOKEN` as bearer."""
    if not (_is_local(request) or _has_token(request)):
        return HttpResponse("Metrics are for the local network or SAI_METRICS_TOKEN.", status=403)
    return HttpResponse(_collect(), content_type=CONTENT_TYPE_LATEST)


def _is_local(request: HttpRequest) -> bool:
    """A forwarded request comes through a proxy: its own address says nothing."""
    if request.headers.get("X-Forwarded-For"):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return address.is_private or address.is_loopback


def _has_token(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


COUNTS: dict[str, tuple[str, str, list[str]]] = {
    "sai_recordings": (
        "Recordings by status",
        "SELECT status, count(*) AS value FROM recordings_recording GROUP BY status",
        ["status"],
    ),
    "sai_steps": (
        "Open steps by queue and status",
        "SELECT queue, status, count(*) AS value FROM recordings_steprun"
        " WHERE status IN ('pending', 'running') GROUP BY queue, status",
        ["queue", "status"],
    ),
    "sai_queue_oldest_seconds": (
        "Age of the oldest ready step",
        "SELECT queue, extract(epoch FROM now() - min(ready_at))::float8 AS value"
        " FROM recordings_steprun WHERE status = 'pending' AND ready_at <= now() GROUP BY queue",
        ["queue"],
    ),
    "sai_steps_late": (
        "Running steps whose lease ran out",
        "SELECT count(*) AS value FROM recordings_steprun"
        " WHERE status = 'running' AND lease_until < now()",
        [],
    ),
    "sai_speech_seconds": (
        "Seconds of speech heard in all",
        "SELECT COALESCE(sum(speech), 0)::float8 AS value FROM recordings_track",
        [],
    ),
    "sai_events_last": (
        "Number of the newest event",
        "SELECT COALESCE(max(seq), 0) AS value FROM notifications_event",
        [],
    ),
    "sai_stored_bytes": (
        "Bytes in the storage",
        "SELECT COALESCE(sum(size), 0)::float8 AS value FROM recordings_storedfile",
        [],
    ),
}


def _collect() -> bytes:
    """A fresh registry per answer: all web processes tell the same, from PostgreSQL."""
    registry = CollectorRegistry()
    started = time.perf_counter()
    for name, (text, query, labels) in COUNTS.items():
        gauge = Gauge(name, text, labels, registry=registry)
        for row in ask(query):
            value = row.pop("value")
            (gauge.labels(**row) if labels else gauge).set(value)
    _licence(registry)
    took = Gauge("sai_metrics_seconds", "Time it took to collect", registry=registry)
    took.set(time.perf_counter() - started)
    return generate_latest(registry)


def _licence(registry: CollectorRegistry) -> None:
    """Of a licence without a file or a limit that is none, there is nothing to tell."""
    found = licences.status()
    used = Gauge("sai_licence_used", "In use of what is licensed", ["limit"], registry=registry)
    allowed = Gauge("sai_licence_allowed", "Licensed", ["limit"], registry=registry)
    for use in found.limits:
        used.labels(limit=use.limit).set(use.used)
        if use.allowed is not None:
            allowed.labels(limit=use.limit).set(use.allowed)
    works = Gauge("sai_licence_works", "1 while new work is allowed", registry=registry)
    works.set(found.standing.works)
    if found.left is not None:
        left = Gauge("sai_licence_expires_seconds", "Until the licence ends", registry=registry)
        left.set(found.left.total_seconds())
