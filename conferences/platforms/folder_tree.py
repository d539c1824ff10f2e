"""A shared directory, looked at without ever leaving it."""

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

SUFFIXES: Final = frozenset(
    {".wav", ".w64", ".ogg", ".oga", ".opus", ".flac", ".mp3", ".m4a", ".mp4", ".mov", ".mka"}
    | {".mkv", ".webm", ".aac", ".amr", ".aif", ".aiff", ".wma", ".asf"}
)
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file."""

    path: Path
    size: int
    changed: float
    """Unix seconds."""
    etag: str


def of_stat(path: Path, found: os.stat_result) -> Entry:
    etag = f'"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"'
    return Entry(path, found.st_size, changed_at(found), etag)


def changed_at(found: os.stat_result) -> float:
    """When anything was done to it: moving a file in leaves its own time as it was. A time that
    lies ahead is somebody's wrong clock."""
    own = found.st_mtime if found.st_mtime <= time.time() else 0.0
    return max(own, found.st_ctime)


class Tree:
    """Below one root. Nothing outside it is opened, whatever links say."""

    def __init__(self, root: str) -> None:
        self.root = Path(os.path.realpath(root))

    def folders(self) -> Iterator[Path]:
        """Meetings, by name. Raises OSError where the root can't be read."""
        with os.scandir(self.root) as found:
            names = sorted(one.name for one in found if one.is_dir(follow_symlinks=True))
        for name in names:
            if _is_usable(name) and self.inside(self.root / name):
                yield self.root / name

    def folder(self, name: str) -> Path | None:
        """The meeting of that name."""
        path = self.root / name
        if not _is_usable(name) or not path.is_dir() or not self.inside(path):
            return None
        return path

    def files(self, folder: Path) -> list[Entry]:
        """Regular files in it with a name that can be used, by name."""
        found = []
        with os.scandir(folder) as entries:
            for one in sorted(entries, key=lambda entry: entry.name):
                path = folder / one.name
                if _is_usable(one.name) and self.inside(path) and (entry := _entry(path)):
                    found.append(entry)
        return found

    def sounds(self, folder: Path) -> list[Entry]:
        return [one for one in self.files(folder) if one.path.suffix.lower() in SUFFIXES]

    def inside(self, path: Path) -> bool:
        """Whether it, or what it links to, lies under the root."""
        return Path(os.path.realpath(path)).is_relative_to(self.root)

    def open(self, folder: Path, name: str) -> tuple[BinaryIO, Entry]:
        """Raises FileNotFoundError for what is not there, no file, or outside."""
        path = folder / name
        if not _is_usable(name) or not self.inside(path):
            raise FileNotFoundError(name)
        real = os.path.realpath(path)
        # The last part must still be no link, and opening a pipe must not wait.
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or not self.inside(path):
            os.close(handle)
            raise FileNotFoundError(name)
        return os.fdopen(handle, "rb"), of_stat(path, found)


def _entry(path: Path) -> Entry | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return of_stat(path, found) if stat.S_ISREG(found.st_mode) else None


def _is_usable(name: str) -> bool:
    """Not hidden, no path, and fit for a row: bytes that are no text can't be an id."""
    if not name or name.startswith(".") or "/" in name or "\x00" in name:
        return False
    return len(name) <= LONGEST_NAME and not any("\ud800" <= char <= "\udfff" for char in name)
