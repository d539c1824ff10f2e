"""Hears a Redis channel say that there is something; whoever listens also looks by himself."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
SILENCE = 60.0
"""Seconds without a hint after which the connection is made anew: it may be dead."""


async def listen(channel: str, wake: Callable[[], object]) -> None:
    """Calls `wake` at every hint, until it is cancelled. A frozen Redis merely says nothing."""
    while not _cancelled():
        try:
            await _hear(channel, wake)
        except (RedisError, OSError) as error:
            if not _cancelled():
                logger.info("no hints", extra={"channel": channel, "error": type(error).__name__})
                await asyncio.sleep(1)


def _cancelled() -> bool:
    """The client may take a cancellation for a lost connection: then it has to be asked for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _hear(channel: str, wake: Callable[[], object]) -> None:
    client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2)
    try:
        async with client.pubsub() as hints:
            await hints.subscribe(channel)
            while await hints.get_message(timeout=SILENCE) is not None and not _cancelled():
                wake()
    finally:
        with suppress(RedisError, OSError):
            await client.aclose()
