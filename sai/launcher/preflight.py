"""What is looked at before anything starts: a mistake costs one line and not a traceback."""

import importlib
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import ValidationError

from sai.embedded import ports, postgres, redis
from sai.launcher.refusal import Refusal

if TYPE_CHECKING:
    from sai.env import Env

PORTS = {"DATABASE_URL": 5432, "REDIS_URL": 6379}
SCHEMES = {
    "DATABASE_URL": ("postgresql", "postgres"),
    "REDIS_URL": ("redis", "rediss", "unix"),
}
CONNECT_SECONDS = 5.0


def load_settings() -> "Env":
    """Read the environment; the first reading happens while `sai.env` is imported."""
    try:
        return importlib.import_module("sai.env").env
    except ValidationError as error:
        raise Refusal("; ".join(_explain(item) for item in error.errors())) from None


def check_port(host: str, port: int) -> None:
    """Refuse when somebody else listens there."""
    try:
        free = ports.is_free(port, host)
    except OSError as error:
        raise Refusal(f"SAI_HOST: {host} is not an address of this machine ({error})") from None
    if not free:
        raise Refusal(
            f"port {port} on {host} is taken: stop what listens there, or set SAI_PORT to another"
        )


def check_wheels(*, need_postgres: bool, need_redis: bool) -> None:
    """Refuse where the embedded servers do not exist for this platform."""
    missing = [
        name
        for name, needed, found in (
            ("DATABASE_URL", need_postgres, postgres.binaries()),
            ("REDIS_URL", need_redis, redis.binary()),
        )
        if needed and not found
    ]
    if missing:
        raise Refusal(
            "the embedded PostgreSQL and Redis exist only for Linux on x86_64 with glibc: "
            f"set {' and '.join(missing)}"
        )


def check_reachable(name: str, url: str) -> None:
    """Refuse a URL of the wrong kind, or one behind which nobody listens."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES[name]:
        raise Refusal(f"{name}: must begin with {SCHEMES[name][0]}://")
    if parts.scheme == "unix" or not parts.hostname:
        return
    try:
        address = (parts.hostname, parts.port or PORTS[name])
    except ValueError as error:
        raise Refusal(f"{name}: {error}") from None
    try:
        socket.create_connection(address, timeout=CONNECT_SECONDS).close()
    except OSError as error:
        reason = error.strerror or "no answer"
        raise Refusal(
            f"{name}: {address[0]}:{address[1]} cannot be reached ({reason}): start that server, "
            f"or unset {name} to use the embedded one"
        ) from None


def _explain(item: object) -> str:
    """`SAI_PORT: ...`; the value itself is not repeated, it may be a secret."""
    assert isinstance(item, dict)
    name = ".".join(str(part) for part in item["loc"])
    return f"{name if name.isupper() else f'SAI_{name.upper()}'}: {item['msg']}"
