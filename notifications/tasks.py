"""Doors from the queue. A message only says that it is time to look: what is to do stands in rows.

Each looks until nothing is left or its time is over, and any number may run at once. Workers of
the queue also look by themselves every few seconds: without Redis or beat notices come a little
later, and not never.
"""

import logging
import random
import threading
import time
from typing import Any, Final

from celery import current_app, shared_task, signals
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from notifications import delivering, hints, making
from notifications.conf import limits
from notifications.hooks import making as hooks_making
from notifications.hooks import sending as hooks_sending
from notifications.retention import prune, prune_notices

logger = logging.getLogger(__name__)
POLL_SECONDS: Final = 5.0
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


@signals.worker_process_init.connect(weak=False)
def watch(**_: Any) -> None:
    """Starts the thread of a pool process that looks without being told to."""
    if hints.QUEUE in current_app.amqp.queues.consume_from:
        threading.Thread(target=_poll, name="notices", daemon=True).start()


def _poll() -> None:
    while True:
        time.sleep(POLL_SECONDS * random.uniform(0.7, 1.3))  # noqa: S311 not a secret
        look()


def look() -> None:
    """Everything once. A lost database must not end the thread; no connection is kept meanwhile."""
    try:
        for task in (make_notices, deliver, deliver_webhooks):
            task()
    except DatabaseError as error:
        logger.warning("database away", extra={"error": type(error).__name__})
    finally:
        connection.close()
