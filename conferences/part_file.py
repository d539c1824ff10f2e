"""A track on its way: a `.part` in the storage's own folder, continued after whatever broke off.

One process at a time writes it: who holds its lock. A worker that lost its lease and does not know
it yet can't spoil the file for the next one.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from common.errors import Untranslated
from common.errors import gettext_noop as _
from recordings.storage.base import Storage
from recordings.storage.files import CHECK_EVERY, CHUNK, Incoming
from recordings.storage.local import explain


class PartFile:
    """The bytes that are here, with their hash. Made by `opened`."""

    def __init__(self, storage: Storage, path: Path, file: BinaryIO) -> None:
        self.storage, self.path, self._file = storage, path, file
        self.size, self._unchecked = 0, 0
        self._hash: Any = hashlib.sha256()
        file.seek(0)
        while chunk := file.read(CHUNK):
            self._hash.update(chunk)
            self.size += len(chunk)

    @property
    def sha256(self) -> str:
        return str(self._hash.hexdigest())

    def restart(self) -> None:
        """What is here is of another file, or wrong."""
        self._file.truncate(0)
        self._file.seek(0)
        self.size, self._hash = 0, hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        """Raises StorageFull at the disk's reserve; what is here stays, to be continued."""
        self._unchecked += len(chunk)
        if self._unchecked >= CHECK_EVERY:
            self._unchecked = 0
            self.storage.ensure_room(len(chunk))
        try:
            written = 0
            while written < len(chunk):
                written += self._file.write(memoryview(chunk)[written:])
        except OSError as error:
            self._file.truncate(self.size)
            self._file.seek(self.size)
            raise explain(error) from error
        self._hash.update(chunk)
        self.size += len(chunk)

    def whole(self) -> Incoming:
        """All of it is here: what `recordings` takes in."""
        incoming = Incoming(self.storage)
        incoming.path, incoming.size, incoming._hash = self.path, self.size, self._hash
        return incoming

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def place_of(storage: Storage, remote_track: int) -> Path:
    return storage.incoming / f"track-{remote_track}.part"


@contextmanager
def opened(storage: Storage, remote_track: int) -> Iterator[PartFile]:
    """Raises Untranslated `part_in_use` while another process still writes it."""
    path = place_of(storage, remote_track)
    file = _locked(path)
    with file:
        yield PartFile(storage, path, file)


def _locked(path: Path) -> BinaryIO:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        file = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise in_use() from None
        try:
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return file
        except FileNotFoundError:
            pass
        file.close()  # it was published or removed between opening and locking


def in_use() -> Untranslated:
    return Untranslated(
        "part_in_use",
        _("Another process is still writing this track; it is tried again in a moment."),
        retryable=True,
    )
