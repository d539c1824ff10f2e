"""A connection's health in one dictionary, for its page and the API."""

from typing import Any

from conferences import selectors
from conferences.choices import ConnectionStatus
from conferences.models import Connection
from recordings.wording import told


def health(connection: Connection) -> dict[str, Any]:
    """What is known, without asking the server."""
    backlog = selectors.backlog().get(connection.pk, selectors.Backlog())
    details = (connection.error or {}).get("details", {})
    return {
        "status": connection.status,
        "error": told(connection.error),
        "excerpt": str(details.get("excerpt", "")),
        "granted_scopes": connection.granted_scopes,
        "missing_scopes": connection.missing_scopes,
        "generation": connection.generation,
        "checked_at": connection.checked_at,
        "polled_at": connection.polled_at,
        "poll_failures": connection.poll_failures,
        "clock_skew_s": connection.clock_skew_s,
        "certificate_expires_at": connection.certificate_expires_at,
        "last_trace_id": connection.last_trace_id,
        "credentials_rejected": connection.status == ConnectionStatus.REJECTED,
        "backlog_sessions": backlog.sessions,
        "backlog_tracks": backlog.tracks,
        "backlog_bytes": backlog.bytes,
        "backlog_oldest_s": backlog.oldest_s,
    }
