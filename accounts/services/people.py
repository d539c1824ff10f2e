"""Users as administrators manage them, and the profile that everybody changes himself."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action, Role
from accounts.models import User
from accounts.services.endings import end_sessions
from accounts.services.passwords import check_strength, set_password
from common.errors import Conflict, Invalid

PROFILE: Final = frozenset({"email", "first_name", "last_name", "language"})
MANAGED: Final = PROFILE | {"username", "role", "is_active"}


def create_user(
    username: str,
    *,
    actor: User | None,
    password: str,
    groups: Iterable[Group] = (),
    request: HttpRequest | None = None,
    **fields: Any,
) -> User:
    """A new person. `fields` are those of MANAGED. Raises Invalid, Conflict for a taken name."""
    user = User()
    _assign(user, {"username": username, **fields})
    check_strength(password, user)
    user.set_password(password)
    with transaction.atomic():
        _save(user)
        user.groups.set(groups)
        data = {"made": True, "role": user.role}
        audit.record(actor, Action.CHANGE, "user", user.pk, request=request, data=data)
    return user


def change_user(
    user: User,
    *,
    actor: User | None,
    password: str | None = None,
    groups: Iterable[Group] | None = None,
    request: HttpRequest | None = None,
    **fields: Any,
) -> User:
    """Change what is given. Who is made inactive or gets a new password loses his sessions.

    Raises Invalid, and Conflict when it would leave no active administrator.
    """
    with transaction.atomic():
        before = {name: getattr(user, name) for name in fields}
        _assign(user, fields)
        changed = sorted(name for name in fields if before[name] != getattr(user, name))
        _keep_an_administrator(user, changed)
        _save(user)
        if groups is not None:
            user.groups.set(groups)
            changed.append("groups")
        if password:
            set_password(user, password, actor=actor, request=request)
        if not user.is_active:
            end_sessions(user)
        if changed:
            data = {"fields": changed, "role": user.role, "active": user.is_active}
            audit.record(actor, Action.CHANGE, "user", user.pk, request=request, data=data)
    return user


def deactivate_user(user: User, *, actor: User | None, request: HttpRequest | None = None) -> User:
    """He can't sign in any more; what he made stays. The last administrator can't go."""
    return change_user(user, actor=actor, request=request, is_active=False)


def change_profile(user: User, *, request: HttpRequest | None = None, **fields: Any) -> User:
    """What a person may change about himself: PROFILE."""
    stranger = set(fields) - PROFILE
    if stranger:
        raise Invalid(_("This can't be changed here: %s") % ", ".join(sorted(stranger)))
    return change_user(user, actor=user, request=request, **fields)


def _assign(user: User, fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - MANAGED
    if user.realm and fields.get("role", user.role) == Role.ADMIN:
        message = _("A person of a meeting server can't administer this installation.")
        raise Invalid(message, code="realm", details={"role": [message]})
    if unknown:
        raise TypeError(f"a user has no such fields to manage: {sorted(unknown)}")
    for name, value in fields.items():
        setattr(user, name, value)
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        message = _("Some fields can't be used; see details.")
        raise Invalid(message, details=error.message_dict) from None


def _save(user: User) -> None:
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        message = _("A user with that username already exists.")
        raise Conflict(message, code="name_taken", details={"username": [message]}) from None


def _keep_an_administrator(user: User, changed: list[str]) -> None:
    if {"role", "is_active"} & set(changed):
        check_an_administrator_stays(user, role=user.role, is_active=user.is_active)


def check_an_administrator_stays(user: User, *, role: str, is_active: bool) -> None:
    """Raise Conflict when nobody would be left to administer if `user` became what is given.

    Two administrators can't put each other out at once: their rows are locked in one order.
    """
    if role == Role.ADMIN and is_active:
        return
    active = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk")
    with transaction.atomic():
        left = set(active.select_for_update().values_list("pk", flat=True))
    if left and not left - {user.pk}:
        raise Conflict(
            _("This is the last active administrator: make another one first."),
            code="last_administrator",
        )
