"""How far somebody's rights on many recordings reach, each in one word."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from common.sql import ask
from conferences.models import Identity
from recordings.choices import Right

RIGHTS = """
SELECT r.id, r.owner_id = %(user)s AS owns, a.rights
FROM recordings_recording r
LEFT JOIN recordings_access a ON a.recording_id = r.id
    AND (a.expires_at IS NULL OR a.expires_at > now())
    AND (a.user_id = %(user)s OR a.group_id IN (
        SELECT group_id FROM accounts_user_groups WHERE user_id = %(user)s))
WHERE r.id = ANY(%(ids)s) AND (%(realm)s::text = '' OR r.realm = %(realm)s)"""
BY_REACH = ((Right.EDIT, "edit"), (Right.COMMENT, "comment"))


class Reach:
    """One person's rights on some recordings."""

    def __init__(self, user: Any, ids: Iterable[UUID]) -> None:
        self._all = bool(user.is_superuser and not user.realm)
        self._rules = (
            self._all or Identity.objects.filter(user=user, is_administrator=True).exists()
        )
        self._rows: dict[UUID, tuple[bool, frozenset[str]]] = {}
        for row in ask(RIGHTS, user=user.pk, ids=list(ids), realm=user.realm):
            owns, held = self._rows.get(row["id"], (False, frozenset()))
            self._rows[row["id"]] = (owns or row["owns"], held | set(row["rights"] or ()))

    def rights(self, id: UUID) -> list[str]:
        owns, held = self._rows.get(id, (False, frozenset()))
        return [right.value for right in Right if self._all or owns or right in held]

    def level(self, id: UUID) -> str:
        """`admin`, `owner`, `edit`, `comment` or `read`."""
        owns, _held = self._rows.get(id, (False, frozenset()))
        rights = set(self.rights(id))
        if self._rules and rights == set(Right.values):
            return "admin"
        if owns:
            return "owner"
        return next((word for right, word in BY_REACH if right in rights), "read")
