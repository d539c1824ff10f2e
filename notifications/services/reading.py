"""A person has seen his notices."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import User
from notifications.models import Notice


def read_some(user: User, ids: Iterable[int]) -> int:
    """Those of his own among `ids`; how many were new to him."""
    return _unread(user).filter(pk__in=list(ids)).update(read_at=Now())


def read_all(user: User, *, upto: int | None = None) -> int:
    """All of his own, or those up to the one with the id `upto`: what came since stays unread."""
    found = _unread(user)
    return (found if upto is None else found.filter(pk__lte=upto)).update(read_at=Now())


def _unread(user: User) -> QuerySet[Notice]:
    return Notice.objects.filter(recipient=user, read_at__isnull=True)
