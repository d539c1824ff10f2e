"""The audit trail: one line to write. `audit_export` gives it away.

Actions are those of `choices.Action`. Data holds ids and plain facts: never a password, a token, a
key, nor what somebody said.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from accounts.models import AuditEntry, User


def record(
    actor: User | None,
    action: str,
    object_type: str = "",
    object_id: object = "",
    *,
    request: HttpRequest | None = None,
    address: str | None = None,
    data: Mapping[str, Any] | None = None,
    actor_name: str = "",
) -> None:
    """Append one entry, in the caller's transaction. `actor` None: nobody known, or the system."""
    AuditEntry.objects.create(
        actor_id=actor.pk if actor else None,
        actor_name=(actor.get_username() if actor else actor_name)[:150],
        action=action,
        object_type=object_type,
        object_id=str(object_id)[:64],
        address=address or (address_of(request) if request else None),
        data=dict(data or {}),
    )


def actor_of(request: HttpRequest) -> User | None:
    """Who is signed in; None for somebody who came by a link, or is not a person."""
    return request.user if isinstance(request.user, User) else None


def address_of(request: HttpRequest) -> str | None:
    """The peer's address, as the server saw it (uvicorn applies trusted proxy headers)."""
    return request.META.get("REMOTE_ADDR") or None
