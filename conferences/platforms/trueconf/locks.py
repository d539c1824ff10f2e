"""One at a time across threads, processes and machines, without a transaction."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.utils.translation import gettext as _

from common.sql import ask
from conferences.platforms.base import PlatformError

SIGNING_IN: Final = 471_503
CHATTING: Final = 471_504
"""Name our uses among all advisory locks of the database."""
WAIT_S: Final = 90.0
"""Longer than an exchange may take: whoever holds the lock is then broken, or the server is."""
_PACE_S: Final = 0.05


@contextmanager
def one_at_a_time(
    connection_id: int, *, space: int = SIGNING_IN, wait_s: float = WAIT_S
) -> Iterator[None]:
    """A lock of the database session: it falls by itself when its process dies.

    Asked for again and again rather than waited for, so that an enclosing transaction of a caller
    is not broken by a timeout. Raises PlatformError (retryable) after `wait_s`.
    """
    end = time.monotonic() + wait_s
    while not _try(connection_id, space):
        if time.monotonic() > end:
            raise PlatformError(
                _("Another process is asking this server and does not end."),
                code="platform_sign_in_busy",
                retryable=True,
            )
        time.sleep(_PACE_S)
    try:
        yield
    finally:
        ask(
            "SELECT pg_advisory_unlock(%(space)s::int, %(one)s::int)",
            space=space,
            one=connection_id % 2**31,
        )


def _try(connection_id: int, space: int) -> bool:
    rows = ask(
        "SELECT pg_try_advisory_lock(%(space)s::int, %(one)s::int) AS got",
        space=space,
        one=connection_id % 2**31,
    )
    return bool(rows[0]["got"])
