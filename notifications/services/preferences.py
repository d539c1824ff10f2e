"""How a person wants to be told."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import Invalid
from notifications.choices import PAGE, Digest, Fact
from notifications.models import NoticePreferences

UNSAID: Any = object()


def change_preferences(
    user: User,
    *,
    channels: Mapping[str, Iterable[str]] | None = None,
    quiet_from: dt.time | None = UNSAID,
    quiet_until: dt.time | None = UNSAID,
    digest: str | None = None,
    digest_hour: int | None = None,
    time_zone: str | None = None,
) -> NoticePreferences:
    """Change what is given and leave the rest. `channels`: fact -> names; other facts stay.

    Messages that wait already keep their time. Raises Invalid.
    """
    row, _created = NoticePreferences.objects.get_or_create(user=user)
    given = {
        "channels": None if channels is None else {**row.channels, **_channels(channels)},
        "digest": digest,
        "digest_hour": digest_hour,
        "time_zone": time_zone,
    }
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    quiet = {"quiet_from": quiet_from, "quiet_until": quiet_until}
    fields |= {name: value for name, value in quiet.items() if value is not UNSAID}
    for name, value in fields.items():
        setattr(row, name, value)
    _check(row)
    row.save()
    return row


def _channels(channels: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    known = {PAGE, *settings.NOTICE_CHANNELS}
    chosen = {fact: sorted(set(names)) for fact, names in channels.items()}
    unknown = {*chosen} - {*Fact.values} | {
        name for names in chosen.values() for name in names
    } - known
    if unknown:
        raise Invalid(
            _("There is no such fact or channel."),
            code="unknown_channel",
            details={"unknown": sorted(unknown), "channels": sorted(known), "facts": Fact.values},
        )
    return chosen


def _check(row: NoticePreferences) -> None:
    if (row.quiet_from is None) != (row.quiet_until is None):
        raise Invalid(_("Quiet hours have a beginning and an end."), code="quiet_hours")
    if row.digest not in Digest.values or not 0 <= row.digest_hour <= 23:
        raise Invalid(_("A digest comes hourly, or daily at an hour of 0 to 23."), code="digest")
    if row.time_zone and not is_zone(row.time_zone):
        raise Invalid(
            _("There is no such time zone; they are written like Europe/Moscow."), code="time_zone"
        )


def is_zone(name: str) -> bool:
    """One of the database of time zones: nothing that is only a path to some file."""
    return name in available_timezones()
