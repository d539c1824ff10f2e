"""Which conferences may have changed: the server's own filters are about the plan only.

So all are listed, cheaply, and compared with what the last look saw.
"""

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
        ids = [one.id for one in batch]
        stored = Conference.objects.filter(connection=connection, remote_id__in=ids)
        known = {row.remote_id: row for row in stored}
        for one in batch:
            row = known.get(one.id)
            if row is None or _may_have_changed(one, row, connection.polled_at, since):
                yield one


def _may_have_changed(
    one: RemoteConference, row: Conference, polled_at: dt.datetime | None, since: dt.datetime
) -> bool:
    """A row written after the last look that was finished is from one that was not: what it says
    was seen may not have been looked into."""
    if one.is_running or row.is_running or one.seen != row.seen:
        return True
    unfinished = polled_at is None or row.updated_at > polled_at
    return unfinished or _is_recent(one, row, since)


def _is_recent(one: RemoteConference, row: Conference, since: dt.datetime) -> bool:
    schedule = one.seen.get("schedule")
    planned = moment(schedule.get("start_time")) if isinstance(schedule, dict) else None
    times = [time for time in (one.created_at, planned, row.held_at) if time]
    return any(time >= since for time in times)
