"""Which conferences may have changed: the server's own filters are about the plan only."""

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from conferences.models import Conference, Connection
from conferences.platforms.base import RemoteConference
from conferences.platforms.trueconf.moments import moment

BATCH: Final = 500


def changed(
    connection: Connection, found: Iterable[RemoteConference], *, since: dt.datetime
) -> Iterator[RemoteConference]:
    """Those that run or ran when they were seen last, took place or were made since then, and
    those of which anything differs from what was seen. `options.list_all` gives all."""
    if (connection.options or {}).get("list_all"):
        yield from found
        return
    rows = iter(found)
    while batch := list(islice(rows, BATCH)):
        known = {
            row.remote_id: row
            for row in Conference.objects.filter(
                connection=connection, remote_id__in=[one.id for one in batch]
            )
        }
        for one in batch:
            if _may_have_changed(one, known.get(one.id), since):
                yield one


def _may_have_changed(one: RemoteConference, row: Conference | None, since: dt.datetime) -> bool:
    if row is None or one.is_running or row.is_running or one.seen != row.seen:
        return True
    schedule = one.seen.get("schedule")
    planned = moment(schedule.get("start_time")) if isinstance(schedule, dict) else None
    times = [time for time in (one.created_at, planned, row.held_at) if time]
    return any(time >= since for time in times)
