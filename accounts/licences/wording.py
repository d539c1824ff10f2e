"""What limits are called, and how amounts and days are written."""

import datetime as dt
from typing import Final

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

LABELS: Final = {
    "full_connections": _("connections with full access"),
    "read_only_connections": _("read-only connections"),
    "simultaneous_recognitions": _("simultaneous recognitions"),
    "hours_per_month": _("hours of sound per month"),
}


def label(limit: str) -> str:
    return str(LABELS[limit])


def amount(value: float | None) -> str:
    """A count or hours, as short as it goes; without a limit the sign of infinity."""
    if value is None:
        return "∞"
    whole = round(value, 1)
    return number_format(int(whole) if whole == int(whole) else whole)


def day(when: dt.datetime) -> str:
    return date_format(localtime(when), "DATE_FORMAT")


def moment(when: dt.datetime) -> str:
    return date_format(localtime(when), "DATETIME_FORMAT")
