"""Names of worker processes, and whether the one a name speaks of still lives.

A name is `host:boot:pid namespace/pid/start time`: a reused pid is another name, and a worker in
another container or on another machine is nobody we can judge.
"""

import os
import socket
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def home() -> str:
    """Where pids mean the same as here."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
        namespace = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        boot = namespace = "-"
    return f"{socket.gethostname()}:{boot}:{namespace}"


def _start_time(pid: int) -> str:
    """Clock ticks since boot at its start; empty when it is gone or only a zombie is left."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def name() -> str:
    """The name of this process."""
    pid = os.getpid()
    return f"{home()}/{pid}/{_start_time(pid)}"


def is_dead(worker: str) -> bool:
    """True only when the process lived here and is surely gone."""
    where, _, rest = worker.partition("/")
    pid, _, started = rest.partition("/")
    return where == home() and pid.isdigit() and _start_time(int(pid)) != started
