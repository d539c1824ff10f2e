"""Processes of a launcher that was killed: found by a mark in their environment, and ended.

Every child carries the mark and so do its own children, also those that left its process group.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

from sai.embedded import processes

VARIABLE = "SAI_LAUNCHED_FROM"
PATIENCE_SECONDS = 5.0


def mark(var: Path) -> dict[str, str]:
    """The environment variable that children of this data directory get."""
    return {VARIABLE: str(var)}


def kill(var: Path) -> int:
    """kill -9 all marked processes until there are none; how many there were.

    The caller holds the lock on `var`, so no launcher owns them.
    """
    marker = f"{VARIABLE}={var}"
    killed: set[int] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := set(processes.marked(marker))) and time.monotonic() < deadline:
        killed |= found
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    return len(killed)
