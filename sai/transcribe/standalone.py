"""Servers for one command: started when no instance runs, stopped at the end."""

import os
import subprocess
import sys
from pathlib import Path

from sai import embedded
from sai.launcher import lock

INLINE = "SAI_INLINE"
"""Set for the inner process: the servers are its own, so it does the work itself."""


def run_again(argv: list[str], var: Path) -> int:
    """The same command in a process that finds servers: its exit status.

    Raises Refusal or EmbeddedError with one line that says what to do.
    """
    lock.prepare(var)
    with lock.hold(var):
        servers = embedded.start(var)
        try:
            return _inner(argv, servers)
        finally:
            servers.stop()


def _inner(argv: list[str], servers: embedded.Servers) -> int:
    environment = os.environ | {
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        INLINE: "1",
    }
    child = subprocess.Popen([sys.executable, *argv], env=environment)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the terminal told the child too; it ends by itself
