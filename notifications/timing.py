"""When a person may be written to: quiet hours and digests, in his own time zone. No database."""

import datetime as dt
from typing import Protocol
from zoneinfo import ZoneInfo

from notifications.choices import Digest


class Wishes(Protocol):
    """What `moment` asks of a row of preferences."""

    quiet_from: dt.time | None
    quiet_until: dt.time | None
    digest: str
    digest_hour: int


def moment(wishes: Wishes, now: dt.datetime, zone: ZoneInfo) -> tuple[dt.datetime, bool]:
    """(when to send what happens now, whether it waits there for others). In UTC.

    A digest that falls into quiet hours comes at their end, and so does all that they hold back:
    one message in the morning, not ten.
    """
    due = _digest(wishes, now, zone)
    end = quiet_end(wishes, due, zone)
    return (end or due), (end or due) != now


def quiet_end(wishes: Wishes, at: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
    """The end of the quiet hours that hold `at`, in UTC; None when it is not quiet then.

    The hours are those on the person's wall: over midnight where they end before they begin, and
    an hour longer or shorter in the night when the clocks change.
    """
    begin, end = wishes.quiet_from, wishes.quiet_until
    if begin is None or end is None or begin == end:
        return None
    today = at.astimezone(zone).date()
    for day in (today - dt.timedelta(days=1), today):
        starts = _on_wall(day, begin, zone)
        ends = _on_wall(day + dt.timedelta(days=1) if end < begin else day, end, zone)
        if starts <= at < ends:
            return ends
    return None


def _digest(wishes: Wishes, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    if wishes.digest == Digest.HOURLY:
        return now.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    if wishes.digest == Digest.DAILY:
        hour = dt.time(wishes.digest_hour)
        today = now.astimezone(zone).date()
        due = _on_wall(today, hour, zone)
        return due if due > now else _on_wall(today + dt.timedelta(days=1), hour, zone)
    return now


def _on_wall(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """That time on that day, in UTC. One that the clocks skip becomes the moment after the gap as
    many minutes later; of one that they show twice it is the first."""
    return dt.datetime.combine(day, time, tzinfo=zone).astimezone(dt.UTC)
