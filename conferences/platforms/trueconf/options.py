"""Whether what an administrator wrote about a TrueConf Server makes sense."""

from typing import Any, Final

from django.utils.translation import gettext as _

from common.errors import Invalid
from common.http.clients import ssl_context
from conferences.choices import ConferenceRole
from conferences.models import Connection
from conferences.platforms import unstated
from conferences.platforms.trueconf.tokens import TOKEN_PATHS
from conferences.platforms.trueconf.transport import base_of

KNOWN: Final = ("generation", "list_all", "roles")


def check(connection: Connection) -> None:
    """Raises Invalid; `details` holds the name of the field that is wrong."""
    for name, judge in _JUDGES.items():
        try:
            judge(connection)
        except Invalid as error:
            details = error.details or {name: [error.message]}
            raise Invalid(
                error.message, code=error.code, next_action=error.next_action, details=details
            ) from None


def _address(connection: Connection) -> None:
    base_of(connection.url)


def _certificates(connection: Connection) -> None:
    if not connection.ca_bundle:
        return
    if "-----BEGIN CERTIFICATE-----" not in connection.ca_bundle:
        raise Invalid(_("The bundle of certificates can't be read."), code="ca_bundle")
    ssl_context(connection.ca_bundle)


def _client_id(connection: Connection) -> None:
    if not connection.client_id:
        raise Invalid(_("The client id of the OAuth application is missing."), code="client_id")


def _options(connection: Connection) -> None:
    options: Any = connection.options
    if not isinstance(options, dict):
        raise Invalid(_("“%(name)s” must be an object.") % {"name": "options"})
    if unknown := sorted(set(options) - set(KNOWN)):
        raise Invalid(
            _("There is no option “%(name)s”.") % {"name": unknown[0]},
            next_action=_("Known: %(names)s.") % {"names": ", ".join(KNOWN)},
        )
    if options.get("generation") not in (None, "", *TOKEN_PATHS):
        raise Invalid(
            _("There is no generation “%(name)s”.") % {"name": options["generation"]},
            next_action=_("Known: %(names)s.") % {"names": ", ".join(TOKEN_PATHS)},
        )
    if not isinstance(options.get("list_all", False), bool):
        raise Invalid(_("“%(name)s” must be true or false.") % {"name": "list_all"})
    _roles(options.get("roles", {}))


def _roles(roles: Any) -> None:
    if not isinstance(roles, dict) or not set(map(str, roles.values())) <= {*ConferenceRole.values}:
        raise Invalid(
            _("“%(name)s” must name a role for each flag.") % {"name": "roles"},
            next_action=_("Known: %(names)s.") % {"names": ", ".join(ConferenceRole.values)},
        )


def _paths(connection: Connection) -> None:
    unstated.check_paths(connection.paths)


def _fields(connection: Connection) -> None:
    unstated.check_fields(connection.fields)


_JUDGES: Final = {
    "url": _address,
    "ca_bundle": _certificates,
    "client_id": _client_id,
    "options": _options,
    "paths": _paths,
    "fields": _fields,
}
