"""Waking whoever makes notices and sends them; a hint may be lost, beat looks every few seconds."""

from typing import Final

from celery import current_app
from django.db import transaction

from common.hints import Bell

MAKE: Final = "notifications.make_notices"
DELIVER: Final = "notifications.deliver"
DELIVER_WEBHOOKS: Final = "notifications.deliver_webhooks"
QUEUE: Final = "cpu"


def _send(task: str) -> None:
    current_app.send_task(task, queue=QUEUE, ignore_result=True, retry=False, expires=60)


_bell = Bell(_send, pause_seconds=0.5)


def wake(task: str) -> None:
    """Once the transaction is committed; costs the caller nothing, with or without a broker."""
    transaction.on_commit(lambda: _bell.ring(task), robust=True)
