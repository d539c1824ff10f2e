"""Rows that no longer say anything: spent session tokens, idle limits, ended cookie sessions."""

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from accounts import conf, limits
from accounts.choices import TokenKind
from accounts.licences import clock
from accounts.models import Token


def tidy() -> dict[str, int]:
    """Delete them; how many of each. API tokens stay: their list is part of the record."""
    now = timezone.now()
    long_ago = now - timedelta(days=conf.SPENT_TOKENS_KEPT_DAYS)
    spent = Token.objects.filter(
        Q(kind__in=(TokenKind.ACCESS, TokenKind.REFRESH), expires_at__lt=long_ago)
        # Those of meeting servers have no end that we know; a revoked one stays refused.
        | Q(kind=TokenKind.TCS, revoked_at=None, last_used_at__lt=long_ago)
    )
    clock.read()  # an installation that nobody uses remembers the time as well
    return {
        "tokens": spent.delete()[0],
        "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
        "limits": limits.forget_idle(),
    }
