"""Ending sessions that live as tokens."""

from uuid import UUID

from django.utils import timezone

from accounts.choices import TokenKind
from accounts.models import Token, User


def end_family(family: UUID | None) -> int:
    """Revoke what is left of one sign-in; how many tokens that were."""
    if family is None:
        return 0
    return Token.objects.filter(family=family, revoked_at=None).update(revoked_at=timezone.now())


def end_sessions(user: User, *, except_family: UUID | None = None) -> int:
    """Revoke every access and refresh token of a person, save those of one sign-in.

    Cookie sessions end by themselves: Django compares a hash of the password on every request.
    """
    kinds = (TokenKind.ACCESS, TokenKind.REFRESH)
    found = Token.objects.filter(user=user, kind__in=kinds, revoked_at=None)
    if except_family is not None:
        found = found.exclude(family=except_family)
    return found.update(revoked_at=timezone.now())
