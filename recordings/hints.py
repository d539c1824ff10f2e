"""Waking workers: one message says "there is work in this queue", and may be lost.

Celery's workers are woken by a message, the gateway of the engines by the same word on a channel.
"""

from functools import cache
from typing import Final

import redis
from celery import current_app
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.hints import Bell

TASK = "recordings.tasks.wake"
CHANNEL: Final = "sai:work"
"""Redis channel on which web processes with engines hear that a queue has work."""


def _send(queue: str) -> None:
    current_app.send_task(
        TASK, args=[queue], queue=queue, ignore_result=True, retry=False, expires=60
    )
    _client().publish(CHANNEL, queue)


@cache
def _client() -> redis.Redis:
    """One per process. Short times and no second try: the next hint tells the same."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
    )


_bell = Bell(_send)


def wake(queue: str) -> None:
    """Once the transaction is committed; costs the caller nothing, with or without a broker."""
    transaction.on_commit(lambda: _bell.ring(queue))
