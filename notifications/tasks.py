"""Doors from the queue. A message only says that it is time to look: what is to do stands in rows.

Each looks until nothing is left or its time is over, and any number may run at once.
"""

import time
from typing import Final

from celery import shared_task
from django.db import close_old_connections

from notifications import delivering, hints, making
from notifications.conf import limits
from notifications.hooks import making as hooks_making
from notifications.hooks import sending as hooks_sending
from notifications.retention import prune, prune_notices

SECONDS: Final = 20.0
"""A look ends after this long and asks for another one, so that a worker can be stopped."""


@shared_task(name=hints.MAKE)
def make_notices() -> None:
    """Read on in the stream of events."""
    close_old_connections()
    end = time.monotonic() + SECONDS
    while any([making.make_notices(), hooks_making.make_deliveries()]):
        if time.monotonic() > end:
            hints.wake(hints.MAKE)
            break


@shared_task(name=hints.DELIVER)
def deliver() -> None:
    """Send what is due. A channel that fails is left in peace until the next look."""
    close_old_connections()
    end = time.monotonic() + SECONDS
    tired: set[str] = set()
    while claimed := delivering.claim(tired):
        if not delivering.send(claimed):
            tired.add(claimed["channel"])
        if time.monotonic() > end:
            hints.wake(hints.DELIVER)
            break


@shared_task(name=hints.DELIVER_WEBHOOKS)
def deliver_webhooks() -> None:
    """Send events to webhooks. One that fails or is slow is left in peace until the next look."""
    close_old_connections()
    end = time.monotonic() + SECONDS
    tired: set[int] = set()
    while claimed := hooks_sending.claim(tired):
        if not hooks_sending.send(claimed):
            tired.add(claimed["webhook_id"])
        if time.monotonic() > end:
            hints.wake(hints.DELIVER_WEBHOOKS)
            break


@shared_task(name="notifications.prune_events")
def prune_events() -> None:
    """Forget old events and notices. Once a day is often enough."""
    prune(limits().keep_days)
    prune_notices(limits().keep_notice_days)
