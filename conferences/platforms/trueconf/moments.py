"""Times as TrueConf servers write them: ISO 8601, Unix seconds, and PHP's DateTime as an object."""

import datetime as dt
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

_OFFSET: Final = re.compile(r"([+-])(\d\d):?(\d\d)(?::\d\d)?")
_LATEST: Final = 253_402_300_799
"""31 December 9999: larger numbers are no Unix seconds."""
_YEARS: Final = range(1970, 9999)
"""Nothing was recorded before; and near the last year nothing can be added to a time any more."""
_ABBREVIATIONS: Final = {"UTC": 0, "Z": 0, "GMT": 0, "MSK": 3, "CET": 1, "CEST": 2, "EET": 2}


def moment(value: Any) -> dt.datetime | None:
    """An aware time in UTC, or None where there is none or it can't be read.

    Without a zone it is taken as UTC. A PHP object says `date` and `timezone`, whose form is told
    by `timezone_type`: 1 an offset, 2 an abbreviation, 3 a name; the text alone tells them apart.
    """
    found = _moment(value)
    return found if found and found.year in _YEARS else None


def _moment(value: Any) -> dt.datetime | None:
    if isinstance(value, dict):
        return _from_php(value)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _from_seconds(float(value))
    return _from_text(str(value).strip())


def _from_seconds(seconds: float) -> dt.datetime | None:
    if not 0 < seconds <= _LATEST:  # 0 is how PHP writes nothing; NaN fails as well
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _from_text(text: str, zone: dt.tzinfo = dt.UTC) -> dt.datetime | None:
    if text.isascii() and text.isdigit() and len(text) > 8:
        return _from_seconds(float(text)) if len(text) <= 12 else None
    try:
        found = dt.datetime.fromisoformat(text)
        aware = found if found.tzinfo else found.replace(tzinfo=zone)
        return aware.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _from_php(value: dict[str, Any]) -> dt.datetime | None:
    zone = _zone(str(value.get("timezone") or "UTC"))
    text = value.get("date")
    return _from_text(text.strip(), zone) if isinstance(text, str) and zone else None


def _zone(name: str) -> dt.tzinfo | None:
    """None: a zone nobody knows, and then its time is not known either."""
    if match := _OFFSET.fullmatch(name):
        sign, hours, minutes = match.groups()
        away = dt.timedelta(hours=int(hours), minutes=int(minutes))
        return dt.timezone(-away if sign == "-" else away) if away < dt.timedelta(days=1) else None
    if name.upper() in _ABBREVIATIONS:
        return dt.timezone(dt.timedelta(hours=_ABBREVIATIONS[name.upper()]))
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
