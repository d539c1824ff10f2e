"""What the kernel says about a process: is this number still the process we once started?

A bare pid proves nothing: it may belong to a zombie or have been given to somebody else. The pair
of pid and start time (field 22 of /proc/PID/stat, in clock ticks since boot) does.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path


def started(pid: int) -> int | None:
    """Start time of a living process in clock ticks since boot; None for a dead one or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command name stands in brackets and may hold spaces and brackets itself.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def is_running(pid: int, since: int) -> bool:
    """True if `pid` is alive and is the process that started at `since`."""
    return started(pid) == since


def executable(pid: int) -> str:
    """Path of the program a process runs; empty when it is gone or not ours to look at."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def command_line(pid: int) -> list[str]:
    """Arguments of a process; empty for a dead one."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def marked(marker: str) -> Iterator[int]:
    """Every living process that was started with `marker` ("NAME=value") in its environment."""
    wanted = marker.encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)


def wait_gone(pid: int, since: int, seconds: float) -> bool:
    """Wait until that process has ended; False if it is still there after `seconds`."""
    deadline = time.monotonic() + seconds
    while is_running(pid, since):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def end(pid: int, since: int, gently: signal.Signals, seconds: float = 5) -> None:
    """Ask a process that is not our child to end, and kill it when it has not after `seconds`."""
    for sign in (gently, signal.SIGKILL):
        if not is_running(pid, since):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        if wait_gone(pid, since, seconds):
            return
