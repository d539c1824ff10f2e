"""How a worker holds on to the broker. Its messages are hints: none has to be given back, and the
worker is to hear them again soon after the broker has returned.

Named in settings as `CELERY_WORKER_CONSUMER`.
"""

from functools import partial
from typing import Any

from celery.worker.consumer import Consumer
from kombu.transport import redis

# When the broker dies while a message is not yet acknowledged, kombu 5.7 gives it back over the
# connection that was just closed, and an AttributeError ends the worker.
redis.Channel.do_restore = False

RETRY_SECONDS = {"interval_start": 1, "interval_step": 1, "interval_max": 5}
"""Kombu's own pauses grow up to half a minute, and that is how long hints would stay unheard."""


class HintConsumer(Consumer):
    """Celery's consumer, with short pauses between tries to reach the broker."""

    def ensure_connected(self, conn: Any) -> Any:
        conn.ensure_connection = partial(conn.ensure_connection, **RETRY_SECONDS)
        return super().ensure_connected(conn)
