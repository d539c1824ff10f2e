"""Groups of people, to whom access may be given at once."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from common.errors import Conflict


def create_group(
    name: str,
    *,
    actor: User | None,
    members: Iterable[User] = (),
    request: HttpRequest | None = None,
) -> Group:
    """Raises Conflict if the name is taken."""
    return _store(Group(name=name), name, members, actor, request)


def change_group(
    group: Group,
    *,
    actor: User | None,
    name: str | None = None,
    members: Iterable[User] | None = None,
    request: HttpRequest | None = None,
) -> Group:
    """`members`, where given, are all who belong to it from now on. Raises Conflict."""
    return _store(group, name, members, actor, request)


def delete_group(group: Group, *, actor: User | None, request: HttpRequest | None = None) -> None:
    """The group goes, and with it the access that was given to it; its people stay."""
    with transaction.atomic():
        audit.record(actor, Action.DELETE, "group", group.pk, request=request)
        group.delete()


def _store(
    group: Group,
    name: str | None,
    members: Iterable[User] | None,
    actor: User | None,
    request: HttpRequest | None,
) -> Group:
    group.name = group.name if name is None else name
    try:
        with transaction.atomic():
            group.save()
            if members is not None:
                group.user_set.set(members)
            ids = sorted(group.user_set.values_list("pk", flat=True))
            audit.record(
                actor, Action.CHANGE, "group", group.pk, request=request, data={"members": ids}
            )
    except IntegrityError:
        message = _("A group with that name already exists.")
        raise Conflict(message, code="name_taken", details={"name": [message]}) from None
    return group
