"""Connections as administrators manage them: checked before they are saved, audited with it."""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit, licences, services
from accounts.choices import Action
from accounts.models import User
from common.errors import Conflict, Invalid
from conferences import abandoning, health
from conferences.choices import ConferenceRole, ConnectionAccess, ConnectionStatus
from conferences.models import Conference, Connection
from conferences.platforms import registry
from conferences.platforms.base import Health
from recordings import hints
from recordings.choices import Right

PLAIN: Final = frozenset(
    {
        "name",
        "platform",
        "url",
        "access",
        "enabled",
        "client_id",
        "verify_tls",
        "ca_bundle",
        "options",
        "chat_bot_user",
        "paths",
        "fields",
        "poll_seconds",
        "rescan_hours",
        "auto_recognize",
        "consent_required",
        "default_rights",
        "bytes_per_second",
        "track_patience_hours",
        "download_workers",
    }
)
SECRET: Final = frozenset({"client_secret", "chat_bot_password"})
"""Go in and never come out."""
MANAGED: Final = PLAIN | SECRET
_PROOF: Final = frozenset({"platform", "url", "client_id", "client_secret", "options"})
"""What a token was got with: when one changes, the token and the verdict are of no use."""
AT_LEAST_ONE: Final = ("bytes_per_second", "download_workers")
"""Nothing would ever come with 0; a connection can be switched off."""
_RIGHTS: Final = frozenset({"default_rights", "access"})


def create(*, actor: User | None, request: HttpRequest | None = None, **fields: Any) -> Connection:
    """A new connection; it is looked at at once. Raises Invalid with details by field, Conflict for
    a name or server that is connected already, LicenceLimit."""
    connection = Connection()
    return _store(connection, fields, actor=actor, request=request)


def change(
    connection: Connection,
    *,
    actor: User | None,
    request: HttpRequest | None = None,
    **fields: Any,
) -> Connection:
    """Sets what is given; changed credentials end a rejection. Raises as `create`."""
    return _store(connection, fields, actor=actor, request=request)


def delete(
    connection: Connection, *, actor: User | None, request: HttpRequest | None = None
) -> None:
    """It is forgotten with its conferences, and its people can't sign in any more; the recordings
    made of them stay."""
    with transaction.atomic():
        data = {"name": connection.name}
        audit.record(actor, Action.DELETE, "connection", connection.pk, request=request, data=data)
        services.revoke_all(realm=connection.realm, actor=actor, request=request)
        abandoning.release_recordings(connection)
        connection.delete()


def check(connection: Connection) -> Health:
    """Asks the server now. Raises PlatformError, which is kept as the connection's error, too."""
    return health.check(connection)


def poll_now(connection: Connection) -> None:
    """It is looked at next. Raises Conflict where nothing may be asked."""
    if not connection.enabled:
        raise Conflict(_("The connection is switched off."), code="connection_off")
    if connection.status == ConnectionStatus.REJECTED:
        raise Conflict(
            _("The server refuses our credentials."),
            code="credentials_rejected",
            next_action=_("Change the client id or secret, or check the connection again."),
        )
    Connection.objects.filter(pk=connection.pk).update(next_poll_at=Now(), download_after=None)
    hints.wake("download")


def _store(
    connection: Connection,
    fields: Mapping[str, Any],
    *,
    actor: User | None,
    request: HttpRequest | None,
) -> Connection:
    changed = _assign(connection, fields)
    _judge(connection)
    made = connection.pk is None
    if changed & _PROOF and not made:
        connection.access_token = connection.refresh_token = ""
        connection.token_expires_at = None
    with transaction.atomic():
        _count(connection, made=made, changed=changed)
        _save(connection)
        if changed:
            data = {"made": made, "fields": sorted(changed)}
            audit.record(
                actor, Action.CHANGE, "connection", connection.pk, request=request, data=data
            )
            if not made and _ends_sign_ins(connection, changed):
                services.revoke_all(realm=connection.realm, actor=actor, request=request)
        _after(connection, changed)
    connection.refresh_from_db()
    return connection


def _ends_sign_ins(connection: Connection, changed: set[str]) -> bool:
    """Who proved himself to a server that is off, or was another one, has proved nothing."""
    return bool(changed & {"url", "platform"}) or ("enabled" in changed and not connection.enabled)


def _assign(connection: Connection, fields: Mapping[str, Any]) -> set[str]:
    """Sets them: the names of those that differ. An empty secret leaves the present one."""
    if unknown := set(fields) - MANAGED:
        raise TypeError(f"a connection has no such fields to manage: {sorted(unknown)}")
    changed = set()
    for name, value in fields.items():
        if name in SECRET and not value:
            continue
        if getattr(connection, name) != value or connection.pk is None:
            changed.add(name)
        setattr(connection, name, value)
    return changed


def _judge(connection: Connection) -> None:
    try:
        connection.clean_fields()
    except ValidationError as error:
        message = _("Some fields can't be used; see details.")
        raise Invalid(message, details=error.message_dict) from None
    _check_rights(connection.default_rights)
    if connection.poll_seconds < 1:
        text = _("At least one second must lie between two looks.")
        raise Invalid(text, details={"poll_seconds": [text]})
    for name in AT_LEAST_ONE:
        if getattr(connection, name) == 0:
            text = _("At least 1, or nothing where there is no limit.")
            raise Invalid(text, details={name: [text]})
    registry.check_options(connection)


def _check_rights(rights: Any) -> None:
    right = isinstance(rights, dict) and all(
        role in ConferenceRole.values
        and isinstance(given, list)
        and all(one in Right.values for one in given)
        for role, given in rights.items()
    )
    if not right:
        text = _("Rights by role are an object: a role, and a list of rights.")
        known = {"roles": list(ConferenceRole.values), "rights": list(Right.values)}
        raise Invalid(
            text,
            next_action=_("Known: %(names)s.") % {"names": known},
            details={"default_rights": [text]},
        )


def _count(connection: Connection, *, made: bool, changed: set[str]) -> None:
    """The licence is asked where one more of a kind comes into use."""
    if connection.enabled and (made or changed & {"access", "enabled"}):
        kinds = {
            ConnectionAccess.FULL.value: "full_connections",
            ConnectionAccess.READ_ONLY.value: "read_only_connections",
        }
        licences.check(kinds[connection.access])


def _save(connection: Connection) -> None:
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as error:
        by_name = "name" in str(error)
        message = (
            _("A connection of that name already exists.")
            if by_name
            else _("This server is connected already.")
        )
        details = {"name" if by_name else "url": [message]}
        raise Conflict(message, code="name_taken", details=details) from None


def _after(connection: Connection, changed: set[str]) -> None:
    if changed & (_PROOF | {"enabled", "verify_tls", "ca_bundle", "access", "paths", "fields"}):
        status = ConnectionStatus.NEW if connection.enabled else ConnectionStatus.OFF
        Connection.objects.filter(pk=connection.pk).update(
            status=status, error=None, next_poll_at=Now(), poll_failures=0, checked_at=None
        )
        hints.wake("download")
    if changed & _RIGHTS:
        Conference.objects.filter(connection=connection).update(access_due=True)
        hints.wake("download")
