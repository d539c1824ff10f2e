"""What the rules of retention say is due, and doing it. Nothing on hold or at work is touched.

`due` is the dry run: the same statement that `keep_the_rules` works from.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from common.errors import Conflict
from common.sql import ask
from recordings.models import Recording
from recordings.services import life

logger = logging.getLogger(__name__)
BATCH = 100
MOST_AT_ONCE = 5_000
"""Recordings that one look changes; the next look goes on."""

DUE = """
WITH aged AS (
    SELECT c.id, c.number, c.title, c.trashed_at, f.name AS rule, f.all_days, f.sound_days,
           COALESCE(c.started_at, c.created_at) AS began
    FROM recordings_recording c LEFT JOIN LATERAL (
        SELECT r.name, r.sound_days, r.all_days FROM recordings_retentionrule r
        WHERE (r.enabled OR r.id = %(rule)s)
            AND (r.realm = '' OR r.realm = c.realm) AND (r.kind = '' OR r.kind = c.kind)
            AND (r.tag = '' OR r.tag = ANY(c.tags))
        ORDER BY r.position, r.id LIMIT 1
    ) f ON true
    WHERE NOT c.on_hold AND c.status <> 'processing'
), due AS (
    SELECT id, number, title, rule, began, CASE
        WHEN trashed_at < now() - %(trash)s * interval '1 day' THEN 'delete'
        WHEN trashed_at IS NOT NULL THEN NULL
        WHEN began < now() - all_days * interval '1 day' THEN 'trash'
        WHEN began < now() - sound_days * interval '1 day' AND EXISTS (
            SELECT FROM recordings_track t WHERE t.recording_id = aged.id AND t.status = 'stored')
        THEN 'sound' END AS action
    FROM aged
)
SELECT id, number, title, rule, began, action, count(*) OVER () AS total
FROM due WHERE action IS NOT NULL ORDER BY began, id LIMIT %(limit)s"""


@dataclass(frozen=True, slots=True)
class Due:
    """`action`: `sound` (only that goes), `trash`, or `delete` (out of the trash, for good)."""

    id: UUID
    number: int
    title: str
    action: str
    rule: str
    """Empty where the trash itself is what is emptied."""
    began: Any


def due(*, limit: int = 200, with_rule: int | None = None) -> tuple[list[Due], int]:
    """(the oldest that are due, how many in all). `with_rule`: as if that rule were enabled."""
    rows = ask(DUE, rule=with_rule or 0, trash=life.trash_days(), limit=limit)
    found = [
        Due(row["id"], row["number"], row["title"], row["action"], row["rule"] or "", row["began"])
        for row in rows
    ]
    return found, rows[0]["total"] if rows else 0


def keep_the_rules() -> dict[str, int]:
    """Does what is due, each recording in a transaction of its own: counts by action."""
    done: dict[str, int] = {}
    for one in _until_nothing_is_due():
        if _do(one):
            done[one.action] = done.get(one.action, 0) + 1
    if done:
        logger.info("retention", extra=done)
    return done


def _until_nothing_is_due() -> Iterator[Due]:
    """What could not be done (it was put on hold meanwhile) is not asked for twice."""
    seen: set[UUID] = set()
    while len(seen) < MOST_AT_ONCE:
        batch, _total = due(limit=BATCH + len(seen))
        fresh = [one for one in batch if one.id not in seen]
        if not fresh:
            return
        seen.update(one.id for one in fresh)
        yield from fresh


def _do(one: Due) -> bool:
    recording = Recording.objects.filter(pk=one.id).first()
    if recording is None:
        return False
    try:
        if one.action == "sound":
            return bool(life.purge_sound(recording))
        (life.trash if one.action == "trash" else life.delete)(recording, by=None)
    except Conflict:
        return False  # held or sent on its way since we looked; the next look sees it again
    return True
