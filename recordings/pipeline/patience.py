"""Doing it again while the database is away, so that a restart of it costs no finished work."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

PATIENCE_SECONDS, PAUSE_SECONDS = 60.0, 0.2
"""How long work is not given up while the database is away, and between two tries."""
AWAY = (OperationalError, InterfaceError)
Answer = TypeVar("Answer")


def insist(act: Callable[[], Answer]) -> Answer:
    """Does it, again and again while the database is away; raises its error after a minute.

    `act` is safe to repeat: what was done although its answer got lost is fenced by its attempt.
    Inside a transaction there is only one try.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except AWAY:
            if connection.in_atomic_block or time.monotonic() > end:
                raise
            connection.close()
            time.sleep(PAUSE_SECONDS)
