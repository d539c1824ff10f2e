"""The words of the event stream, and how anybody appends to it.

An event is written in the transaction that makes it true; its number comes later (`numbering`).
Two ways to write, the same row:

* `append(...)` from ordinary code;
* `EVENT_INSERT` inside one SQL statement that also changes something:

      WITH moved AS (UPDATE recordings_recording ... RETURNING id, ...),
           told AS ({EVENT_INSERT}
                    SELECT 'recording.status', 'recording', id::text, 'recording:' || id,
                           jsonb_build_object('from', was, 'to', status)
                    FROM moved)
      SELECT ... FROM moved

  and then `tell()`, which rings once the transaction has committed.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import orjson
import redis
from django.conf import settings
from django.db import connection, transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.hints import Bell
from notifications import hints

RECORDING_CREATED: Final = "recording.created"
RECORDING_STATUS: Final = "recording.status"
RECORDING_CHANGED: Final = "recording.changed"
RECORDING_DELETED: Final = "recording.deleted"
RECORDING_RESTORED: Final = "recording.restored"
RUN_STATUS: Final = "run.status"
STEP_STATUS: Final = "step.status"
STEP_PROGRESS: Final = "step.progress"
TRANSCRIPT_READY: Final = "transcript.ready"
TRANSCRIPT_CHANGED: Final = "transcript.changed"
SUMMARY_READY: Final = "summary.ready"
SUMMARY_FAILED: Final = "summary.failed"
ACCESS_GIVEN: Final = "access.given"

NOTICED: Final = frozenset({TRANSCRIPT_READY, SUMMARY_READY, ACCESS_GIVEN})
"""Whoever makes notices is woken for these; the others he finds a few seconds later."""

EVENT_INSERT: Final = "INSERT INTO notifications_event (type, object_type, object_id, topic, data)"
"""Text, text, text, text, jsonb, in this order; the database fills in the rest. A status event's
data holds `from` and `to`. The topic is `recording:<id>` or `user:<id>` and decides who may see."""

CHANNEL: Final = "sai:events"
"""Redis channel on which web processes hear that there are new events. It carries no content."""


def append(
    type: str,
    *,
    object_type: str,
    object_id: object,
    topic: str,
    data: Mapping[str, Any] | None = None,
    audience: Iterable[int] | None = None,
) -> None:
    """Write one event in the caller's transaction and ring after its commit.

    `audience` names users who may see it although the object's own rights will be gone.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notifications_event (type, object_type, object_id, topic, data, audience)"
            " VALUES (%s, %s, %s, %s, %s::jsonb, %s)",
            [
                type,
                object_type,
                str(object_id),
                topic,
                orjson.dumps(dict(data or {})).decode(),
                None if audience is None else list(audience),
            ],
        )
    tell()
    if type in NOTICED:
        hints.wake(hints.MAKE)


def tell() -> None:
    """There is news, once the caller's transaction has committed. Returns at once."""
    transaction.on_commit(_ring, robust=True)


def _ring() -> None:
    _bell.ring(CHANNEL)


@cache
def _client() -> redis.Redis:
    """One per process. Short times and no second try: the next event rings again."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
    )


def _publish(channel: str) -> None:
    _client().publish(channel, b"")


_bell = Bell(_publish)
