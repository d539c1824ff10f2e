"""The people of meeting servers here: found or made, and kept as their server describes them."""

import re
from collections.abc import Iterator
from typing import Final

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action, Role
from accounts.models import User
from common.errors import Conflict, Invalid
from conferences.models import Connection, Identity
from conferences.platforms import base

NAME_LENGTH: Final = 150
"""Of a user's name, and of the parts of a person's name."""
CALL_ID_LENGTH: Final = 200
_UNUSUAL: Final = re.compile(r"[^\w.@+-]")
"""What a user's name may not hold."""


def person_of(
    connection: Connection, call_id: str, display_name: str = "", email: str = ""
) -> User:
    """Who `call_id` (login@server) of this server is here; made where he is not known yet.

    His user has no password and lives in the connection's realm. Safe to be called by many at once.
    Raises Invalid for an empty or endless call id.
    """
    return _identity_of(connection, call_id, display_name, email).user


def verified(connection: Connection, person: base.Person) -> Identity:
    """The server has just said that this is `person`: keep what it says of him.

    An administrator there belongs to the group of the connection's administrators while it says so.
    """
    identity = _identity_of(connection, person.call_id, person.display_name, person.email)
    with transaction.atomic():
        locked = Identity.objects.select_for_update(of=("self",)).select_related("user")
        identity = locked.get(pk=identity.pk)
        identity.verified_at = Now()
        _describe(identity, person.display_name, person.email)
        _follow_role(identity, connection, is_administrator=person.is_administrator)
        identity.save()
    identity.refresh_from_db(fields=["verified_at"])
    return identity


def administrators_of(connection: Connection) -> Group:
    """The group of those who are administrators on that server; its rows of access are rights."""
    group, _made = Group.objects.get_or_create(name=f"{connection.realm} administrators")
    return group


def _identity_of(connection: Connection, call_id: str, display_name: str, email: str) -> Identity:
    call_id = call_id.strip().lower().replace("\0", "")
    if not 0 < len(call_id) <= CALL_ID_LENGTH:
        raise Invalid(_("A person of a server has a call id of 1 to 200 characters."))
    known = Identity.objects.select_related("user")
    for username in _names_for(call_id):
        identity = known.filter(connection=connection, call_id=call_id).first()
        if identity is not None:
            return _name_if_unknown(identity, display_name)
        try:
            return _make(connection, call_id, username, display_name, email)
        except IntegrityError:
            continue  # somebody was quicker, or the user's name is taken
    raise Conflict(_("No free user name was found for this person; try again."))


def _names_for(call_id: str) -> Iterator[str]:
    plain = _UNUSUAL.sub("_", call_id)
    yield plain[:NAME_LENGTH]
    for length in (4, 4, 8, 16, 32):
        suffix = get_random_string(length, "abcdefghijkmnpqrstuvwxyz23456789")
        yield f"{plain[: NAME_LENGTH - length - 1]}-{suffix}"


def _make(
    connection: Connection, call_id: str, username: str, display_name: str, email: str
) -> Identity:
    with transaction.atomic():
        user = User(username=username, role=Role.USER, realm=connection.realm)
        user.set_unusable_password()
        identity = Identity(connection=connection, call_id=call_id, user=user)
        _describe(identity, display_name, email)
        user.save()
        identity.user = user
        identity.save()
        data = {"made": True, "role": user.role, "connection": connection.pk}
        audit.record(None, Action.CHANGE, "user", user.pk, data=data)
    return identity


def _name_if_unknown(identity: Identity, display_name: str) -> Identity:
    """A conference may say who he is; what the server verified is not replaced by it."""
    if display_name and not identity.display_name:
        _describe(identity, display_name, "")
        identity.user.save(update_fields=["first_name"])
        identity.save(update_fields=["display_name", "updated_at"])
    return identity


def _describe(identity: Identity, display_name: str, email: str) -> None:
    user = identity.user
    if display_name:
        identity.display_name = display_name.replace("\0", "")[:200]
        user.first_name = identity.display_name[:NAME_LENGTH]
    if email and len(email) <= 254 and "\0" not in email:
        user.email = email
    if identity.pk is not None:
        user.save(update_fields=["first_name", "email"])


def _follow_role(identity: Identity, connection: Connection, *, is_administrator: bool) -> None:
    group = administrators_of(connection)
    if is_administrator:
        identity.user.groups.add(group)
    else:
        identity.user.groups.remove(group)
    if identity.is_administrator != is_administrator:
        identity.is_administrator = is_administrator
        audit.record(
            None,
            Action.CHANGE,
            "user",
            identity.user_id,
            data={"administrator_of": connection.pk, "is": is_administrator},
        )
