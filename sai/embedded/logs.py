"""Log files of the embedded servers, kept small."""

from pathlib import Path
from typing import BinaryIO

LIMIT_BYTES = 10_000_000


def open_log(path: Path) -> BinaryIO:
    """Open for appending; a file that has grown too large is first put aside as `NAME.1`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LIMIT_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


def last_line(path: Path) -> str:
    """The last thing a server said."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 2000))
            lines = log.read().decode(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "no reason given"
