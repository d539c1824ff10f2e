"""Metrics for Prometheus: how much is done, how much waits, and what fails.

All is read from PostgreSQL, so every web process tells the same; only what is said of memory is of
the machine (or container) that answers. docs/alerts.yml has rules for them.
"""

import hmac
import ipaddress
import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from accounts import licences
from common.sql import ask
from sai import figures, memory


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


def _collect() -> bytes:
    """A fresh registry per answer: all web processes tell the same, from PostgreSQL."""
    registry = CollectorRegistry()
    started = time.perf_counter()
    for name, (text, query, labels) in figures.FIGURES.items():
        gauge = Gauge(name, text, labels, registry=registry)
        for row in ask(query):
            value = row.pop("value")
            (gauge.labels(**row) if labels else gauge).set(value)
    _licence(registry)
    _memory(registry)
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


def _memory(registry: CollectorRegistry) -> None:
    total, free = memory.of_this_machine()
    Gauge("sai_memory_bytes", "Memory here, or allowed here", registry=registry).set(total)
    left = Gauge("sai_memory_available_bytes", "Of it, not in use", registry=registry)
    left.set(free)
