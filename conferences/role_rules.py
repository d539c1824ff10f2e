"""Rights that a role gives: a recording's own word, else its conference's, else the default."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from conferences.choices import ConferenceRole, ConnectionAccess
from conferences.models import Conference, RoleRights
from recordings.choices import Right

READ_ONLY: Final = frozenset({Right.VIEW, Right.COMMENT})


class Rule(NamedTuple):
    rights: list[str]
    """In the usual order; empty: the role gives nothing."""
    expires_at: dt.datetime | None = None
    source: str = "connection"
    """Whose word it is: `recording`, `conference` or `connection`."""


Rules = dict[str, Rule]
"""By role; every role has one."""


def rules_of(conference: Conference, recordings: Iterable[UUID | None]) -> dict[UUID | None, Rules]:
    """For these recordings (None: the conference as a whole); what has expired does not count."""
    asked = set(recordings)
    rows = RoleRights.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))
    own: dict[UUID | None, dict[str, RoleRights]] = {}
    for row in rows.filter(conference=conference):
        own.setdefault(row.recording_id, {})[row.role] = row
    return {one: _rules(conference, own.get(None, {}), own.get(one, {})) for one in asked}


def _rules(
    conference: Conference, whole: Mapping[str, RoleRights], own: Mapping[str, RoleRights]
) -> Rules:
    connection, rules = conference.connection, {}
    for role in ConferenceRole.values:
        given = connection.default_rights.get(role, [])
        rule = Rule(allowed(connection.access, given))
        if row := own.get(role) or whole.get(role):
            source = "recording" if row.recording_id else "conference"
            rule = Rule(allowed(connection.access, row.rights), row.expires_at, source)
        rules[role] = rule
    return rules


def allowed(access: str, rights: Iterable[str]) -> list[str]:
    """In the usual order; view is always among them. A read-only connection gives no more than a
    look."""
    chosen = {Right(right) for right in rights if right in Right.values}
    if access == ConnectionAccess.READ_ONLY:
        chosen &= READ_ONLY
    return [right.value for right in Right if right in chosen | {Right.VIEW}] if chosen else []
