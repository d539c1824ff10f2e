"""Notices as pages and REST show them to their reader, in the language that is active."""

from collections.abc import Sequence
from typing import Any

from accounts.models import User
from notifications import selectors, wording
from notifications.models import Notice


def lines_of(user: User, rows: Sequence[Notice]) -> list[dict[str, Any]]:
    """One dict for each notice; what he may not see any more has neither path nor object."""
    shown = selectors.shown_to(user, rows)
    givers = selectors.givers(rows)
    return [
        {
            "id": notice.pk,
            "fact": notice.fact,
            "text": wording.headline(notice, subject) if subject else wording.gone(),
            "explanation": wording.explanation(notice, givers) if subject else "",
            "object": {"type": notice.object_type, "id": notice.object_id} if subject else None,
            "path": subject.path if subject else "",
            "created_at": notice.created_at,
            "read": notice.read_at is not None,
        }
        for notice, subject in shown
    ]
