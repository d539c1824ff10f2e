"""How often something may be done: token buckets in PostgreSQL, one statement each.

A bucket holds at most `burst` tokens and gains `rate` of them every `per_seconds` by the database's
clock; each `take` removes one or is refused. The row's lock makes any number of parallel callers
agree. Call it outside a transaction: inside, the bucket stays locked, and a rollback gives back.
"""

import hashlib
from typing import Final

from django.db import connection
from django.utils.translation import ngettext

from common.errors import TooMany

LONGEST_PERIOD: Final = 86400
"""Buckets untouched for a day are forgotten, so every bucket must be full again by then."""
_KEY_LENGTH: Final = 200

_FULLER = (
    "LEAST(%(burst)s, bucket.tokens + %(speed)s *"
    " GREATEST(0, extract(epoch FROM clock_timestamp() - bucket.updated_at)))"
)
_TAKE = f"""
WITH taken AS (
    INSERT INTO accounts_limitbucket AS bucket (key, tokens, updated_at)
    VALUES (%(key)s, %(burst)s - 1, clock_timestamp())
    ON CONFLICT (key) DO UPDATE SET tokens = {_FULLER} - 1, updated_at = clock_timestamp()
    WHERE {_FULLER} >= 1
    RETURNING 1
)
SELECT EXISTS (SELECT FROM taken),
       (SELECT (1 - {_FULLER}) / %(speed)s FROM accounts_limitbucket bucket WHERE key = %(key)s)
"""  # noqa: S608  only the constant above is put in
_GIVE_BACK = """
UPDATE accounts_limitbucket SET tokens = LEAST(%(burst)s, tokens + 1) WHERE key = %(key)s
"""
_FORGET = """
DELETE FROM accounts_limitbucket
WHERE updated_at < clock_timestamp() - make_interval(secs => %(seconds)s)
"""


def take(key: str, rate: float, per_seconds: float = 60, burst: float | None = None) -> None:
    """Take one token from the bucket `key`, or raise TooMany with the seconds to wait.

    `burst` (at least 1) is how many may go at once; it is `rate` unless given.
    """
    burst = float(rate if burst is None else burst)
    speed = rate / per_seconds
    if speed <= 0 or burst < 1 or burst / speed > LONGEST_PERIOD:
        raise ValueError("a bucket lets something through, and fills within a day")
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": _short(key), "burst": burst, "speed": speed})
        taken, wait = cursor.fetchone() or (False, None)
    if not taken:
        # The wait is read from before a parallel taker's change: at least one token's time.
        raise too_many(wait if wait and wait > 0 else 1 / speed)


def give_back(key: str, burst: float) -> None:
    """Undo one `take`: what was tried need not count after all."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, {"key": _short(key), "burst": float(burst)})


def too_many(wait_seconds: float) -> TooMany:
    seconds = max(1, round(wait_seconds))
    message = ngettext(
        "Too many attempts: try again in %(seconds)d second.",
        "Too many attempts: try again in %(seconds)d seconds.",
        seconds,
    )
    return TooMany(message % {"seconds": seconds}, wait_seconds=wait_seconds)


def forget_idle(seconds: float = LONGEST_PERIOD) -> int:
    """Delete buckets nobody touched for so long; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"seconds": seconds})
        return cursor.rowcount


def key_of(purpose: str, *parts: object) -> str:
    """A key that names its purpose and tells nobody the names and addresses behind it."""
    joined = "\0".join(map(str, parts))
    return f"{purpose}:{hashlib.sha256(joined.encode()).hexdigest()[:32]}"


def _short(key: str) -> str:
    return key if len(key) <= _KEY_LENGTH else key_of(key[:40], key)
