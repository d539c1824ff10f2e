"""PostgreSQL and Redis for those who have none: the wheels' own servers as direct children.

Used by the launcher and by the tests. Knows nothing of Django. Linux only; elsewhere the URLs of
real servers must be given.
"""

from dataclasses import dataclass
from pathlib import Path

from sai.embedded.errors import EmbeddedError
from sai.embedded.postgres import Postgres
from sai.embedded.redis import Redis

__all__ = ["EmbeddedError", "Postgres", "Redis", "Servers", "start"]


@dataclass
class Servers:
    """What was started; None where the caller has a server of his own."""

    postgres: Postgres | None
    redis: Redis | None

    @property
    def database_url(self) -> str:
        return self.postgres.url if self.postgres else ""

    @property
    def redis_url(self) -> str:
        return self.redis.url if self.redis else ""

    def stop(self, seconds: float = 3) -> None:
        """Stop both; what does not end by itself within `seconds` is ended."""
        for server in (self.redis, self.postgres):
            if server is not None:
                server.stop(seconds)


def start(var: Path, *, postgres: bool = True, redis: bool = True, durable: bool = True) -> Servers:
    """Start what is wanted with data under `var`, and return when both answer.

    The caller holds a lock on `var`. `durable=False` gives up safety against power loss (tests).
    Raises EmbeddedError with a line that says what to do.
    """
    var = var.resolve()
    logs = var / "logs"
    servers = Servers(
        Postgres(var / "postgres", logs / "postgres.log", durable=durable) if postgres else None,
        Redis(var / "redis", logs / "redis.log") if redis else None,
    )
    try:
        for server in (servers.redis, servers.postgres):
            if server is not None:
                server.start()
    except BaseException:
        servers.stop()
        raise
    return servers
