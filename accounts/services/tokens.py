"""Tokens that people and engines carry for long."""

from collections.abc import Iterable

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, conf, tokens
from accounts.choices import Action, Role, Scope, TokenKind
from accounts.models import Token, User
from common.errors import Invalid, NotAllowed

LONGEST_DAYS = 3650


def make_token(
    user: User | None,
    *,
    actor: User | None,
    label: str,
    scopes: Iterable[str] = (),
    days: float | None = None,
    engine: bool = False,
    request: HttpRequest | None = None,
) -> tuple[Token, str]:
    """A new API token of `user`, or an engine's; its text can't be had again.

    `actor` None is the system itself. Raises Invalid and NotAllowed.
    """
    scopes = list(scopes)
    _check(scopes, days)
    may = actor is None or actor.role == Role.ADMIN or (actor == user and not engine)
    if not may:
        raise NotAllowed(_("Only an administrator makes tokens for engines and for others."))
    if user is not None and actor == user and user.realm:
        _check_of_realm(days)
    kind = TokenKind.ENGINE if engine else TokenKind.API
    with transaction.atomic():
        token, text = tokens.make(user, kind, label, scopes, days, issued_by=actor)
        audit.record(
            actor,
            Action.TOKEN_MADE,
            "token",
            token.pk,
            request=request,
            data={"kind": kind, "owner": user.pk if user else None, "scopes": token.scopes},
        )
    return token, text


def _check(scopes: list[str], days: float | None) -> None:
    known = ", ".join(Scope.values)
    for scope in scopes:
        if scope not in Scope.values:
            message = _("There is no scope “%(scope)s”: use %(known)s.")
            message %= {"scope": scope, "known": known}
            raise Invalid(message, details={"scopes": [message]})
    if days is not None and not 0 < days <= LONGEST_DAYS:
        message = _("Days are a number above 0 and at most %(most)d.") % {"most": LONGEST_DAYS}
        raise Invalid(message, details={"days": [message]})


def _check_of_realm(days: float | None) -> None:
    """Whoever comes from a meeting server signs in there again now and then, also his programs."""
    most = conf.server_lifetimes().refresh
    if days is None or days > most:
        message = _("Days are a number above 0 and at most %(most)d.") % {"most": most}
        raise Invalid(message, details={"days": [message]})


def change_scopes(token: Token, scopes: Iterable[str], *, actor: User | None) -> None:
    """From now on the token reaches this far. Raises Invalid."""
    wanted = sorted(set(scopes))
    _check(wanted, None)
    if wanted != token.scopes:
        token.scopes = wanted
        with transaction.atomic():
            token.save(update_fields=["scopes", "updated_at"])
            audit.record(actor, Action.CHANGE, "token", token.pk, data={"scopes": wanted})


def revoke_all(
    *,
    actor: User | None,
    user: User | None = None,
    realm: str = "",
    request: HttpRequest | None = None,
) -> int:
    """Every token of a person, or of everybody of a realm, opens nothing from now on; how many.

    Whoever comes from a meeting server is signed out of the pages as well. Raises Invalid unless
    exactly one is named.
    """
    if bool(user) == bool(realm):
        raise Invalid(_("Name either a user or a realm."), code="whose")
    owners = User.objects.filter(pk=user.pk) if user else User.objects.filter(realm=realm)
    with transaction.atomic():
        left = Token.objects.filter(user__in=owners, revoked_at=None)
        count = left.update(revoked_at=timezone.now())
        for owner in owners.exclude(realm=""):
            owner.set_unusable_password()  # another one: cookies hold its hash
            owner.save(update_fields=["password"])
        audit.record(
            actor,
            Action.TOKEN_REVOKED,
            "user" if user else "realm",
            user.pk if user else realm,
            request=request,
            data={"all": True, "count": count},
        )
    return count


def revoke_token(token: Token, *, actor: User | None, request: HttpRequest | None = None) -> None:
    """From now on the token opens nothing. Twice does no harm."""
    if actor is not None and actor.role != Role.ADMIN and token.user_id != actor.pk:
        raise NotAllowed(_("This is somebody else's token."))
    with transaction.atomic():
        now = timezone.now()
        if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            token.revoked_at = now
            audit.record(actor, Action.TOKEN_REVOKED, "token", token.pk, request=request)
