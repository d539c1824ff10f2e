"""Rotated files of what the children say: one for each, their lines as they are (text or JSON).

One process writes and rotates, so no line is lost or torn as when several rotate one file. Lines
carry no prefix: a collector (Loki, ELK) reads JSON as it was meant.
"""

import contextlib
import os
from pathlib import Path

LIMIT_BYTES = 10_000_000
KEPT = 5


class Journal:
    """`web.log`, and `web.log.1` (newest) to `web.log.5`."""

    def __init__(self, path: Path, *, limit: int = LIMIT_BYTES, kept: int = KEPT) -> None:
        self._path = path
        self._limit = limit
        self._kept = kept
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open()

    def write(self, line: bytes) -> None:
        """A line without its end. A full disk costs the line and nothing else."""
        with contextlib.suppress(OSError):
            if self._size + len(line) >= self._limit:
                self._rotate()
            self._size += os.write(self._descriptor, line + b"\n")

    def close(self) -> None:
        os.close(self._descriptor)

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(self._path, flags, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def _rotate(self) -> None:
        for number in range(self._kept, 0, -1):
            source = self._numbered(number - 1)
            if source.exists():
                source.replace(self._numbered(number))
        os.close(self._descriptor)
        self._open()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
