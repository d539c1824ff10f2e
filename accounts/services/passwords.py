"""Passwords: changed by their owner, or set by an administrator. Both end other sessions."""

from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit, conf, limits
from accounts.choices import Action
from accounts.models import Token, User
from accounts.services.endings import end_sessions
from common.errors import Invalid


def check_strength(password: str, user: User | None = None, *, field: str = "password") -> None:
    """Raise Invalid that says, under `field`, all that is wrong with a new password."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        reasons = " ".join(error.messages)
        raise Invalid(reasons, code="weak_password", details={field: error.messages}) from None


def check_current(user: User, current: str) -> None:
    """Raise Invalid for a wrong current password, TooMany after several of them."""
    rate = conf.PASSWORD_CHECKS
    key = limits.key_of("password", user.pk)
    limits.take(key, rate.rate, rate.per_seconds, rate.burst)
    if not user.check_password(current):
        message = _("The current password is wrong.")
        raise Invalid(message, code="wrong_password", details={"current_password": [message]})
    limits.give_back(key, rate.burst)


def change_password(
    user: User,
    *,
    current: str,
    new: str,
    request: HttpRequest | None = None,
    token_id: int | None = None,
) -> None:
    """The owner changes it. Ends all other sessions; the one of `token_id` stays.

    A page also calls `update_session_auth_hash`, or its own session ends too. Raises Invalid, and
    TooMany after several wrong current passwords.
    """
    check_current(user, current)
    check_strength(new, user, field="new_password")
    family = Token.objects.filter(pk=token_id or 0).values_list("family", flat=True).first()
    _store(user, new, actor=user, request=request, keep=family)


def set_password(
    user: User, new: str, *, actor: User | None, request: HttpRequest | None = None
) -> None:
    """It is set without asking for the current one: every session ends. Raises Invalid."""
    check_strength(new, user)
    _store(user, new, actor=actor, request=request, keep=None)


def _store(
    user: User, new: str, *, actor: User | None, request: HttpRequest | None, keep: UUID | None
) -> None:
    user.set_password(new)
    with transaction.atomic():
        user.save(update_fields=["password"])
        end_sessions(user, except_family=keep)
        audit.record(actor, Action.PASSWORD, "user", user.pk, request=request)
