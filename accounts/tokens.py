"""Token texts: 256 random bits behind a readable prefix; only their digest is stored.

A text looks like `sai_p_<43 characters>`; the letter says the kind. A fast hash is enough for the
digest because nobody can guess 256 bits.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts.choices import TokenKind
from accounts.models import Token, User
from accounts.principal import Principal

LETTERS: Final[dict[str, str]] = {
    TokenKind.ACCESS: "a",
    TokenKind.REFRESH: "r",
    TokenKind.API: "p",
    TokenKind.ENGINE: "e",
}
SHAPE: Final = re.compile(r"sai_[arpe]_[A-Za-z0-9_-]{43}")
PREFIX_LENGTH: Final = 12
USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def make(
    user: User | None,
    kind: str,
    label: str = "",
    scopes: Iterable[str] = (),
    days: float | None = None,
    *,
    family: UUID | None = None,
    issued_by: User | None = None,
) -> tuple[Token, str]:
    """A new token and its text, which can't be had again. `days` None never expires."""
    text = f"sai_{LETTERS[kind]}_{secrets.token_urlsafe(32)}"
    token = Token.objects.create(
        user=user,
        kind=kind,
        label=label,
        scopes=sorted(set(scopes)),
        prefix=text[:PREFIX_LENGTH],
        digest=digest(text),
        family=family,
        issued_by=issued_by,
        expires_at=None if days is None else timezone.now() + timedelta(days=days),
    )
    return token, text


def alive(now: datetime | None = None) -> Q:
    """Tokens neither revoked nor expired."""
    return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now or timezone.now()))


def resolve(text: str) -> Principal | None:
    """Whose token this is; None when it is unknown, spent, expired, or its user is inactive.

    A refresh token is good for nothing but `services.refresh`.
    """
    if not SHAPE.fullmatch(text):
        return None
    token = (
        Token.objects.select_related("user")
        .filter(alive(), digest=digest(text))
        .exclude(kind=TokenKind.REFRESH)
        .first()
    )
    if token is None or (token.user is not None and not token.user.is_active):
        return None
    if token.user is None and token.kind != TokenKind.ENGINE:
        return None
    note_use(token)
    return Principal(
        user=token.user, kind=token.kind, scopes=frozenset(token.scopes), token_id=token.pk
    )


def note_use(token: Token) -> None:
    """At most one write a minute and token, also when many requests come at once."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_IS_NOTED_EVERY)
    if token.last_used_at is None or token.last_used_at < now - USE_IS_NOTED_EVERY:
        Token.objects.filter(stale, pk=token.pk).update(last_used_at=now)
