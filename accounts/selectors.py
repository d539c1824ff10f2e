"""What others may read about people."""

from django.contrib.auth.models import Group
from django.db.models import QuerySet

from accounts.choices import Role, TokenKind
from accounts.models import AuditEntry, Token, User

LASTING = (TokenKind.API, TokenKind.ENGINE)
"""Kinds a person sees as tokens; access and refresh tokens are his sessions."""
CARRIED = (*LASTING, TokenKind.TCS)
"""Kinds an administrator is shown unless he asks for sessions as well."""


def users() -> QuerySet[User]:
    return User.objects.prefetch_related("groups")


def groups() -> QuerySet[Group]:
    return Group.objects.prefetch_related("user_set")


def people_known_to(user: User) -> QuerySet[User]:
    """Whom he can find: a person of a realm only people of that realm."""
    return User.objects.filter(realm=user.realm) if user.realm else User.objects.all()


def groups_known_to(user: User) -> QuerySet[Group]:
    """The same of groups: a person of a realm only those he belongs to."""
    return Group.objects.filter(user=user) if user.realm else Group.objects.all()


def tokens_of(user: User) -> QuerySet[Token]:
    """The API tokens of one person, revoked ones included."""
    return Token.objects.filter(user=user, kind__in=LASTING).select_related("user")


def tokens_visible_to(user: User) -> QuerySet[Token]:
    """One's own; for an administrator everybody's, engines' and sessions included."""
    if user.role != Role.ADMIN:
        return tokens_of(user)
    return Token.objects.select_related("user", "issued_by")


def audit() -> QuerySet[AuditEntry]:
    """The whole trail: only administrators may be shown it."""
    return AuditEntry.objects.all()
