"""Files on a disk: `uid[0:2]/uid[2:4]/uid[4:6]/uid` under one root; fsync, then rename."""

import datetime as dt
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from recordings.storage.base import Found, full, missing, place_of, uid_at, unavailable
from recordings.storage.slices import Slice

NOT_OURS = frozenset({"incoming", "exchange", "lost+found"})
"""Folders of the root that hold no published files."""


class LocalStorage:
    def __init__(self, root: Path, *, reserve: int) -> None:
        self.root = Path(os.path.realpath(root))
        self.reserve = reserve
        self.incoming = self.root / "incoming"
        try:
            self.incoming.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unavailable(error) from error

    def _path(self, uid: UUID) -> Path:
        path = self.root / place_of(uid)
        if not Path(os.path.realpath(path)).is_relative_to(self.root):
            raise missing()  # a link planted in the tree leads out of it
        return path

    def put(self, path: Path, uid: UUID) -> None:
        target = self._path(uid)
        try:
            sync(path)
            self._make_folder(target.parent)
            os.rename(path, target)
            sync(target.parent)
        except OSError as error:
            target.unlink(missing_ok=True)
            raise explain(error) from error

    def _make_folder(self, folder: Path) -> None:
        """Make it durable: every folder that is new is known to its parent on disk."""
        if not folder.is_dir():
            self._make_folder(folder.parent)
            with suppress(FileExistsError):
                folder.mkdir()
            sync(folder.parent)

    def open(self, uid: UUID, start: int = 0, stop: int | None = None) -> BinaryIO:
        try:
            file = open(self._path(uid), "rb", buffering=0)  # noqa: SIM115  the caller closes it
        except (FileNotFoundError, NotADirectoryError):
            raise missing() from None
        file.seek(start)
        return Slice(file, None if stop is None else stop - start)

    @contextmanager
    def local_path(self, uid: UUID) -> Iterator[Path]:
        path = self._path(uid)
        if not path.is_file():
            raise missing()
        yield path

    def size(self, uid: UUID) -> int | None:
        try:
            return self._path(uid).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def delete(self, uid: UUID) -> None:
        path = self._path(uid)
        path.unlink(missing_ok=True)
        for folder in path.parents[:3]:
            try:
                folder.rmdir()
            except OSError:  # not empty
                break

    def walk(self) -> Iterator[Found]:
        for folder, folders, names in os.walk(self.root):
            if Path(folder) == self.root:
                folders[:] = [name for name in folders if name not in NOT_OURS]
            for name in names:
                path = Path(folder) / name
                with suppress(FileNotFoundError):
                    yield self._found(path)

    def _found(self, path: Path) -> Found:
        place = path.relative_to(self.root).as_posix()
        stat = path.lstat()
        modified = dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC)
        uid = None if path.is_symlink() else uid_at(place)
        return Found(name=place, uid=uid, size=stat.st_size, modified_at=modified)

    def remove(self, found: Found) -> None:
        (self.root / found.name).unlink(missing_ok=True)

    def ensure_room(self, size: int) -> None:
        ensure_room(self.incoming, size, reserve=self.reserve)


def ensure_room(folder: Path, size: int, *, reserve: int) -> None:
    """Raises StorageFull when `size` more bytes on that disk would touch the reserve."""
    if shutil.disk_usage(folder).free - size < reserve:
        raise full()


def explain(error: OSError) -> Exception:
    """What an error of the disk means to whoever sent a file."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return full()
    return unavailable(error)


def sync(path: Path) -> None:
    """fsync a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
