"""Health: whether the process answers, and whether it can work."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

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
