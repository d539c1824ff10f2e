"""How a server is: what it said when it was asked, and what went wrong last."""

from contextlib import closing
from typing import Any

from psycopg.types.json import Jsonb

from accounts import audit
from accounts.choices import Action
from common.errors import SaiError, as_stored
from common.sql import ask
from conferences.choices import ConnectionStatus
from conferences.models import Connection
from conferences.platforms import registry
from conferences.platforms.base import Driver, Health, PlatformError
from conferences.sql import polling

EXCERPT = 500
"""Characters kept of what a proxy answered instead."""


def check(connection: Connection) -> Health:
    """Asks the server now and keeps the answer. Raises PlatformError, kept as well."""
    try:
        with closing(registry.get_driver(connection)) as driver:
            found = look(connection, driver)
    except PlatformError as error:
        note_failure(connection, error)
        raise
    works = {"status": ConnectionStatus.WORKS, "error": None}
    waits = Connection.objects.filter(pk=connection.pk).exclude(status=ConnectionStatus.OFF)
    waits.update(**works)
    return found


def look(connection: Connection, driver: Driver) -> Health:
    """The driver's check, written down."""
    found = driver.check()
    ask(
        polling.CHECKED,
        id=connection.pk,
        granted=list(found.granted_scopes),
        missing=list(found.missing_scopes),
        skew=found.clock_skew_s,
        certificate=found.certificate_expires_at,
        generation=found.generation[:10],
    )
    return found


def note_failure(connection: Connection, error: PlatformError) -> None:
    """What went wrong when somebody asked, outside of a poll."""
    if status_after(error) == ConnectionStatus.REJECTED:
        reject(connection, error)
        return
    Connection.objects.filter(pk=connection.pk).update(
        status=ConnectionStatus.AWAY, error=as_row(error)
    )
    _note_trace(connection, error)


def reject(connection: Connection, error: PlatformError) -> None:
    """Its credentials are refused: nothing is asked until somebody changes them."""
    changed = Connection.objects.filter(pk=connection.pk).exclude(status=ConnectionStatus.REJECTED)
    if changed.update(status=ConnectionStatus.REJECTED, error=as_row(error)):
        audit.record(
            None,
            Action.CHANGE,
            "connection",
            connection.pk,
            data={"status": ConnectionStatus.REJECTED.value},
        )
    _note_trace(connection, error)


def status_after(error: SaiError) -> ConnectionStatus:
    rejected = error.code == "credentials_rejected"
    return ConnectionStatus.REJECTED if rejected else ConnectionStatus.AWAY


def as_row(error: SaiError) -> dict[str, Any]:
    """`{"code", "message", "retryable", "next_action", "details"}`; details are plain values."""
    details = {
        name: value[:EXCERPT] if isinstance(value, str) else value
        for name, value in error.details.items()
        if isinstance(value, str | int | float | bool)
    }
    return {**as_stored(error), "details": details}


def trace_of(error: SaiError) -> str:
    return str(error.details.get("trace_id", ""))[:100]


def _note_trace(connection: Connection, error: SaiError) -> None:
    if trace := trace_of(error):
        Connection.objects.filter(pk=connection.pk).update(last_trace_id=trace)


def failure(error: SaiError) -> dict[str, Any]:
    """The values of polling.FAIL."""
    return {
        "status": status_after(error).value,
        "error": Jsonb(as_row(error)),
        "trace_id": trace_of(error),
    }
