"""Stored errors in the reader's language.

Whatever worker met an error stored it in English, with its msgids and their details beside it
(`common.errors.as_stored`). Pages, the admin and the API tell it through `told`.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

KNOWN: dict[str, tuple[Any, Any]] = {
    "storage_full": (
        _("There is no room on the disk."),
        _("Ask your administrator to free some space, then try again."),
    ),
    "storage_unavailable": (
        _("The storage of files does not answer."),
        _("Try again in a minute; if it stays so, check the storage settings."),
    ),
    "file_missing": (
        _("The file of this recording is not in the storage."),
        _("Send the recording again, or restore the storage from a backup."),
    ),
    "external": (
        _("A system outside ours did not answer."),
        _("Try again later; if it goes on, tell your administrator."),
    ),
    "unavailable": (_("A part of the system is not there now."), _("Try again in a few minutes.")),
}
"""By their codes, errors whose own text was written for somebody else: whoever asked the worker."""


def told(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """`{"code", "message", "retryable", "next_action"}` of a stored error; None for none."""
    if not stored:
        return None
    message, action = _texts(stored)
    return {
        "code": str(stored.get("code") or ""),
        "message": str(message or _("It did not work.")),
        "retryable": bool(stored.get("retryable")),
        "next_action": str(action),
    }


def _texts(stored: Mapping[str, Any]) -> tuple[Any, Any]:
    if said := stored.get("said"):
        details = said["details"]
        return _filled(said["message"], details), _filled(said["next_action"], details)
    return KNOWN.get(stored.get("code", "")) or (
        stored.get("message", ""),
        stored.get("next_action") or "",
    )


def _filled(msgid: str, details: Mapping[str, Any]) -> str:
    return gettext(msgid) % details if msgid else ""
