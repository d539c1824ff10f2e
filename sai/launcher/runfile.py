"""`var/run.json`: where the servers of a running instance are, for `manage.py` in another shell.

Read by `sai/env.py`, so it needs nothing but the standard library.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from sai.embedded import processes

NAME = "run.json"


@dataclass(frozen=True, slots=True)
class RunFile:
    database_url: str
    redis_url: str
    pid: int
    started: int
    """Start time of the launcher as the kernel counts it: a re-used pid is told apart by it."""
    url: str


def read(var: Path) -> RunFile | None:
    """None when nothing runs on this data directory."""
    try:
        found = json.loads((var / NAME).read_text())
        run = RunFile(**{name: found[name] for name in RunFile.__dataclass_fields__})
        return run if processes.is_running(run.pid, run.started) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(var: Path, *, database_url: str, redis_url: str, url: str) -> RunFile:
    """Say that this process is the launcher; readers see the whole file or none."""
    run = RunFile(database_url, redis_url, os.getpid(), processes.started(os.getpid()) or 0, url)
    fresh = var / f"{NAME}.new"
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(asdict(run)))
    fresh.replace(var / NAME)
    return run


def remove(var: Path) -> None:
    (var / NAME).unlink(missing_ok=True)
