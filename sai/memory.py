"""How much memory there is, and how much of it is left."""

from pathlib import Path
from typing import Final

MEMINFO: Final = Path("/proc/meminfo")
LIMIT: Final = Path("/sys/fs/cgroup/memory.max")
IN_USE: Final = Path("/sys/fs/cgroup/memory.current")


def of_this_machine() -> tuple[int, int]:
    """(all, available) in bytes: the container's where it has a limit, else the machine's."""
    words = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
    total, free = (int(words[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    limit = _number(LIMIT)
    if limit is None or limit >= total:
        return total, free
    return limit, max(0, min(free, limit - (_number(IN_USE) or 0)))


def _number(path: Path) -> int | None:
    """None: there is no such file, or it says "max"."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
