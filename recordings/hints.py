"""Waking workers: one message says "there is work in this queue", and may be lost."""

from celery import current_app
from django.db import transaction

from common.hints import Bell

TASK = "recordings.tasks.wake"


def _send(queue: str) -> None:
    current_app.send_task(
        TASK, args=[queue], queue=queue, ignore_result=True, retry=False, expires=60
    )


_bell = Bell(_send)


def wake(queue: str) -> None:
    """Once the transaction is committed; costs the caller nothing, with or without a broker."""
    transaction.on_commit(lambda: _bell.ring(queue))
