"""What TrueConf's public API does not state: paths of sessions and tracks, and names of fields.

Defaults of this project, to be compared with a real server. A connection overrides them: `paths`
holds templates, `fields` what an answer calls our names (`{"tracks.display_name": "name"}`; dots
on the right go into nested objects).
"""

import re
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any, Final
from urllib.parse import quote

from django.utils.translation import gettext as _

from common.errors import Invalid

_SESSION: Final = "/conferences/{conference_id}/sessions"
PATHS: Final[Mapping[str, str]] = {
    "sessions": "/api/v4" + _SESSION,
    "tracks": "/api/v4" + _SESSION + "/{session_id}/tracks",
    "track_download": "/api/v4" + _SESSION + "/{session_id}/tracks/{track_id}/download",
    "session_participants": "/api/v4" + _SESSION + "/{session_id}/participants",
    "notify": "/api/v4/conferences/{conference_id}/notify",
}
"""Name -> template; every id is percent-encoded when it is put in."""

PLACES: Final[Mapping[str, frozenset[str]]] = {
    "sessions": frozenset({"conference_id"}),
    "tracks": frozenset({"conference_id", "session_id"}),
    "track_download": frozenset({"conference_id", "session_id", "track_id"}),
    "session_participants": frozenset({"conference_id", "session_id"}),
    "notify": frozenset({"conference_id"}),
}
"""What may stand in braces; the last one of each must."""
_NEEDED: Final[Mapping[str, str]] = {
    "sessions": "conference_id",
    "tracks": "session_id",
    "track_download": "track_id",
    "session_participants": "session_id",
    "notify": "conference_id",
}

FIELDS: Final[tuple[str, ...]] = (
    "sessions.list",
    "sessions.id",
    "sessions.started_at",
    "sessions.stopped_at",
    "tracks.list",
    "tracks.id",
    "tracks.call_id",
    "tracks.display_name",
    "tracks.size",
    "tracks.sha256",
    "tracks.started_at",
    "tracks.stopped_at",
    "tracks.download_url",
    "participants.call_id",
    "participants.display_name",
    "participants.flag",
    "participants.join_time",
    "participants.leave_time",
    "me.call_id",
    "me.display_name",
    "me.email",
)
"""Our names; unless renamed, an answer calls them by what stands behind the dot."""
_FIELD: Final = re.compile(r"[\w-]+(\.[\w-]+)*", re.ASCII)


def check_paths(paths: object) -> None:
    """Raises Invalid, with the names that are known."""
    for name, template in _pairs(paths, "paths").items():
        if name not in PATHS:
            raise _wrong("paths", _("There is no path “%(name)s”."), name=name, known=PATHS)
        _check_template(name, template)


def check_fields(fields: object) -> None:
    """Raises Invalid, with the names that are known."""
    for name, theirs in _pairs(fields, "fields").items():
        if name not in FIELDS:
            raise _wrong("fields", _("There is no field “%(name)s”."), name=name, known=FIELDS)
        if not _FIELD.fullmatch(theirs):
            message = _("“%(name)s” must be the name of a field, like display_name or user.name.")
            raise _wrong("fields", message, name=name)


def _pairs(given: object, option: str) -> Mapping[str, str]:
    if not isinstance(given, dict) or not all(isinstance(one, str) for one in given.values()):
        raise _wrong(option, _("“%(name)s” must be an object of texts."), name=option)
    return given


def _check_template(name: str, template: str) -> None:
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise _wrong("paths", _("The template of “%(name)s” is broken."), name=name) from None
    places = {place for _text, place, _spec, _how in parts if place is not None}
    plain = not any(spec or how for _text, _place, spec, how in parts)
    if not plain or not places <= PLACES[name] or _NEEDED[name] not in places:
        raise _wrong(
            "paths",
            _("The template of “%(name)s” must hold {%(needed)s}."),
            name=name,
            needed=_NEEDED[name],
            known=sorted(PLACES[name]),
        )
    if not template.startswith("/") or template.startswith("//") or not _is_plain(template):
        message = _("The template of “%(name)s” must begin with / and hold no spaces.")
        raise _wrong("paths", message, name=name)


def _is_plain(template: str) -> bool:
    return template.isprintable() and template.isascii() and not set(template) & set(" #\\")


def _wrong(option: str, message: str, *, known: Any = (), **places: str) -> Invalid:
    text = message % places
    names = ", ".join(known)
    return Invalid(
        text,
        code="connection_options",
        next_action=_("Known: %(names)s.") % {"names": names} if names else "",
        details={option: [text]},
    )


def path_of(name: str, paths: Mapping[str, str], *, prefix: str = "", **ids: str) -> str:
    """The path of a template; `prefix` replaces `/api/v4` of a default."""
    default = PATHS[name].replace("/api/v4", prefix, 1) if prefix else PATHS[name]
    template = paths.get(name) or default
    return template.format(**{place: quote(one, safe="") for place, one in ids.items()})


def reader(kind: str, fields: Mapping[str, str]) -> Callable[[Mapping[str, Any], str], Any]:
    """Reads our names from rows of that kind: `read(row, "display_name")`; None where there is
    nothing."""

    def read(row: Mapping[str, Any], name: str) -> Any:
        return inside(row, fields.get(f"{kind}.{name}", name))

    return read


def inside(row: Mapping[str, Any], path: str) -> Any:
    """What `user.name` means in an answer; None where there is nothing."""
    found: Any = row
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
