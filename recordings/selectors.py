"""What others may read about recordings. A person's read starts at `visible_to`."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from common.sql import ask
from recordings.choices import LIVE_RUN, Right, RunStatus
from recordings.models import Access, Recording, Run


def visible_to(user: Any) -> QuerySet[Recording]:
    """Recordings this person may see."""
    return with_right(user, Right.VIEW)


def with_right(user: Any, right: Right) -> QuerySet[Recording]:
    """Recordings on which this person has `right`: his own, those given to him or to his groups."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return Recording.objects.none()
    if user.is_superuser:
        return _existing_for(user)
    given = _current().filter(
        Q(user=user) | Q(group__user=user), recording=OuterRef("pk"), rights__contains=[right]
    )
    return _existing_for(user).filter(Q(owner=user) | Exists(given))


def _existing_for(user: Any) -> QuerySet[Recording]:
    """For a person of a realm nothing outside it exists, whatever rows of access say; and for
    nobody what lies in the trash."""
    everything = Recording.objects.filter(trashed_at__isnull=True)
    return everything.filter(realm=user.realm) if user.realm else everything


def shares_realm(user: Any, recording: Recording) -> bool:
    """Whether the recording exists for this person at all."""
    return not user.realm or user.realm == recording.realm


NOT_TRASHED = "{id} NOT IN (SELECT id FROM recordings_recording WHERE trashed_at IS NOT NULL)"
"""The trash is small and has an index of its own: PostgreSQL reads it once per statement."""
IN_REALM = "EXISTS (SELECT 1 FROM recordings_recording i WHERE i.id = {id} AND i.realm = %(realm)s)"
VISIBLE = """(
    EXISTS (SELECT 1 FROM recordings_recording o WHERE o.id = {id} AND o.owner_id = %(viewer)s)
    OR EXISTS (
        SELECT 1 FROM recordings_access a
        LEFT JOIN accounts_user_groups m ON m.group_id = a.group_id AND m.user_id = %(viewer)s
        WHERE a.recording_id = {id} AND 'view' = ANY(a.rights)
            AND (a.expires_at IS NULL OR a.expires_at > now())
            AND (a.user_id = %(viewer)s OR m.user_id IS NOT NULL))
)"""


def visible_sql(user: Any, *, id: str) -> tuple[str, dict[str, Any]]:
    """`visible_to` as a condition on the column `id`, for statements of one's own."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return "false", {}
    values = {"realm": user.realm} if user.realm else {}
    conditions = [NOT_TRASHED, *([IN_REALM] if user.realm else [])]
    if not user.is_superuser:
        conditions.append(VISIBLE)
        values["viewer"] = user.pk
    return "(" + " AND ".join(one.format(id=id) for one in conditions) + ")", values


GIVEN = """
SELECT EXISTS (
    SELECT 1 FROM recordings_access a
    WHERE a.user_id = %(viewer)s AND 'view' = ANY(a.rights)
        AND (a.expires_at IS NULL OR a.expires_at > now())
) AS himself, EXISTS (
    SELECT 1 FROM recordings_access a JOIN accounts_user_groups m ON m.group_id = a.group_id
    WHERE m.user_id = %(viewer)s AND 'view' = ANY(a.rights)
        AND (a.expires_at IS NULL OR a.expires_at > now())
) AS his_groups"""
"""Whether anything of others is given to the viewer, now."""


def visible_parts(user: Any) -> list[QuerySet[Recording]]:
    """`visible_to` in parts that an index serves each: his own, those given to him, and to groups.

    For pages of a list. As one condition with OR, PostgreSQL walks through everybody's recordings
    until a page is full (300,000 of them: 95 ms instead of 1). One may stand in several.
    Most people are given nothing: to ask that first costs less than to plan more parts.
    """
    if not getattr(user, "is_authenticated", False) or not user.is_active or user.is_superuser:
        return [visible_to(user)]
    parts = [_existing_for(user).filter(owner=user)]
    is_given = ask(GIVEN, viewer=user.pk)[0]
    given = _current().filter(rights__contains=[Right.VIEW])
    if is_given["himself"]:
        to_him = given.filter(user=user).values("recording_id")
        parts.append(_existing_for(user).filter(pk__in=to_him))
    if is_given["his_groups"]:
        to_groups = given.filter(group__in=user.groups.values("pk")).values("recording_id")
        parts.append(_existing_for(user).filter(pk__in=to_groups))
    return parts


def visible_among(user: Any) -> QuerySet[Recording]:
    """`visible_to` for counting and for any order: the parts together, each found by its index."""
    first, *others = (part.order_by() for part in visible_parts(user))
    if not others:
        return first
    ids = first.values("pk").union(*(part.values("pk") for part in others))
    return Recording.objects.filter(pk__in=ids)


def in_trash(user: Any) -> QuerySet[Recording]:
    """What this person may restore: his own, what he may delete, everything for administrators."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return Recording.objects.none()
    trashed = Recording.objects.filter(trashed_at__isnull=False)
    if user.realm:
        trashed = trashed.filter(realm=user.realm)
    if user.is_superuser:
        return trashed
    may = _current().filter(
        Q(user=user) | Q(group__user=user),
        recording=OuterRef("pk"),
        rights__contains=[Right.DELETE],
    )
    return trashed.filter(Q(owner=user) | Exists(may))


def allowed(user: Any, recording: Recording, right: Right) -> bool:
    return with_right(user, right).filter(pk=recording.pk).exists()


def open_to(user: Any, id: UUID, *, secret: str = "") -> Recording | None:
    """The recording, if this person may see it or the link with that secret opens it."""
    found: Recording | None = visible_to(user).select_related("owner").filter(pk=id).first()
    if found is None and secret:
        access = by_link(secret)
        if access and access.recording_id == id and Right.VIEW in access.rights:
            found = access.recording
    return found


def access_to(recording: Recording) -> QuerySet[Access]:
    """Everybody who was given rights, in the order in which they got them."""
    return recording.access.select_related("user", "group").order_by("pk")


def rights_of(user: Any, recording: Recording) -> frozenset[Right]:
    """Everything this person may do with the recording."""
    return frozenset(rights_until(user, recording))


def rights_until(user: Any, recording: Recording) -> dict[Right, dt.datetime | None]:
    """The same, each right with its end; None: for good."""
    if not shares_realm(user, recording):
        return {}
    if user.is_superuser or recording.owner_id == user.pk:
        return dict.fromkeys(Right)
    given = _current().filter(Q(user=user) | Q(group__user=user), recording=recording)
    held: dict[Right, dt.datetime | None] = {}
    for rights, end in given.values_list("rights", "expires_at"):
        for right in map(Right, rights):
            known = held.get(right, end)
            held[right] = max(known, end) if known and end else None
    return held


def by_link(secret: str) -> Access | None:
    """The access that a link gives, while it is good."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    good = _current().filter(link_digest=digest, recording__trashed_at__isnull=True)
    good = good.select_related("recording__owner")
    found: Access | None = good.first()
    return found


def _current() -> QuerySet[Access]:
    return Access.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))


VIEWERS = """
WITH given AS (
    SELECT id, owner_id AS viewer FROM recordings_recording WHERE id = ANY(%(ids)s)
    UNION
    SELECT a.recording_id, COALESCE(a.user_id, m.user_id) FROM recordings_access a
    LEFT JOIN accounts_user_groups m ON m.group_id = a.group_id
    WHERE a.recording_id = ANY(%(ids)s) AND 'view' = ANY(a.rights)
        AND (a.expires_at IS NULL OR a.expires_at > now())
)
SELECT given.id::text AS id, given.viewer FROM given
JOIN recordings_recording r ON r.id = given.id
JOIN accounts_user u ON u.id = given.viewer
WHERE r.trashed_at IS NULL AND (u.realm = '' OR u.realm = r.realm)"""


def viewers_of(ids: Iterable[str]) -> dict[str, set[int]]:
    """Recording id -> users who may see it (administrators, who see all, are not listed)."""
    found: dict[str, set[int]] = {}
    for row in ask(VIEWERS, ids=[UUID(str(one)) for one in ids]):
        found.setdefault(row["id"], set()).add(row["viewer"])
    return found


PROGRESS = """
SELECT r.recording_id, r.status, avg(s.progress)::float8 AS progress FROM recordings_run r
JOIN recordings_steprun s ON s.run_id = r.id
WHERE r.recording_id = ANY(%(ids)s) AND r.status IN ('queued', 'running')
GROUP BY r.recording_id, r.status"""

QUEUE = """
WITH work AS (
    SELECT r.id, r.recording_id, r.status, r.priority, r.turn, r.created_at,
           sum(CASE WHEN s.status IN ('pending', 'running') THEN (1 - s.progress / 100.0)
               * (COALESCE(v.fixed_seconds, 1) + s.cost * COALESCE(v.seconds_per_second, 0.1))
               ELSE 0 END) AS seconds
    FROM recordings_run r JOIN recordings_steprun s ON s.run_id = r.id
    LEFT JOIN recordings_stepspeed v ON v.step = s.step
    WHERE r.status IN ('queued', 'running')
    GROUP BY r.id
), line AS (
    SELECT recording_id, status, seconds,
           row_number() OVER ahead
               - count(*) FILTER (WHERE status = 'running') OVER ahead AS position,
           sum(seconds) OVER ahead - seconds AS before
    FROM work
    WINDOW ahead AS (ORDER BY (status = 'queued'), priority, turn, created_at
                     ROWS UNBOUNDED PRECEDING)
)
SELECT recording_id, status, position, seconds::float8 AS seconds, before::float8 AS before,
       (SELECT GREATEST(count(*), 1) FROM recordings_steprun WHERE status = 'running') AS hands
FROM line WHERE recording_id = ANY(%(ids)s)"""


def progress_of(ids: Sequence[UUID]) -> dict[UUID, float]:
    """Recording -> 0-100 of its live run; recordings without one are not listed."""
    return {row["recording_id"]: row["progress"] for row in ask(PROGRESS, ids=list(ids))}


def queue_of(ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Recording -> `{"position", "eta_s"}` of its live run.

    The position counts runs that wait (0: it is being worked on); the time is measured work ahead
    divided by the steps that run now, and its own work.
    """
    if not ids:
        return {}
    return {
        row["recording_id"]: {
            "position": row["position"] if row["status"] == RunStatus.QUEUED else 0,
            "eta_s": round(row["before"] / row["hands"] + row["seconds"])
            if row["status"] == RunStatus.QUEUED
            else round(row["seconds"]),
        }
        for row in ask(QUEUE, ids=list(ids))
    }


def live_run(recording: Recording) -> Run | None:
    found: Run | None = recording.runs.filter(status__in=LIVE_RUN).first()
    return found


def runs_of(recording: Recording) -> QuerySet[Run]:
    """Newest first, with their steps."""
    return recording.runs.order_by("-created_at").prefetch_related("steps__track")
