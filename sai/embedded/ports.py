"""Free ports on loopback."""

import random
import socket

# Below the range from which the kernel takes ports of outgoing connections, so that a server which
# dies finds its port free when it comes back.
FIRST, LAST = 20000, 32000


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """True if a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True


def find() -> int:
    """A port nobody listens on at the moment."""
    while True:
        port = random.randint(FIRST, LAST)  # noqa: S311 - not a secret
        if is_free(port):
            return port
