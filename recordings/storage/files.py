"""Publishing local files and reading them again, with size and SHA-256 in their rows.

A file's bytes are durable before its row exists; a row that is deleted takes its bytes along after
the commit. What a crash leaves between the two is what `reconcile` finds.
"""

import hashlib
import logging
import os
import uuid
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction

from recordings.models import StoredFile
from recordings.storage.base import Storage
from recordings.storage.choose import get_storage
from recordings.storage.local import explain

logger = logging.getLogger(__name__)
CHUNK = 1 << 20
CHECK_EVERY = 16 << 20
"""Bytes between two looks at the free space of the disk."""


@dataclass
class Incoming:
    """A file being written into the storage's folder for what comes in; hashed on the way."""

    storage: Storage
    path: Path = field(init=False)
    size: int = 0
    _hash: Any = field(default_factory=hashlib.sha256, repr=False)
    _file: BinaryIO | None = field(default=None, repr=False)
    _unchecked: int = 0

    def __post_init__(self) -> None:
        self.path = self.storage.incoming / f"{uuid.uuid4()}.part"

    @property
    def sha256(self) -> str:
        return str(self._hash.hexdigest())

    def write(self, chunk: bytes) -> None:
        """Raises StorageFull, and leaves nothing, when the disk or its reserve is reached."""
        try:
            if self._file is None:
                self.storage.ensure_room(len(chunk))
                self._file = open(self.path, "xb", buffering=0)  # noqa: SIM115  see close
            self._check(len(chunk))
            written = 0
            while written < len(chunk):
                written += self._file.write(memoryview(chunk)[written:])
        except OSError as error:
            self.discard()
            raise explain(error) from error
        except BaseException:
            self.discard()
            raise
        self._hash.update(chunk)
        self.size += len(chunk)

    def _check(self, size: int) -> None:
        self._unchecked += size
        if self._unchecked >= CHECK_EVERY:
            self._unchecked = 0
            self.storage.ensure_room(size)

    def close(self) -> None:
        """No more is coming. An empty file exists as well."""
        if self._file is None:
            self.write(b"")
        if self._file is not None:
            self._file.close()

    def discard(self) -> None:
        """Remove it, unless it was published."""
        if self._file is not None:
            self._file.close()
        self.path.unlink(missing_ok=True)


def stage(source: Path | BinaryIO) -> Incoming:
    """A private copy of a file, hashed. `source` stays as it is."""
    incoming = Incoming(get_storage())
    if not isinstance(source, Path):
        return _copy(source, incoming)
    with open(source, "rb", buffering=0) as file:
        incoming.storage.ensure_room(os.fstat(file.fileno()).st_size)
        return _copy(file, incoming)


def _copy(file: BinaryIO, incoming: Incoming) -> Incoming:
    try:
        while chunk := file.read(CHUNK):
            incoming.write(chunk)
        incoming.close()
    except BaseException:
        incoming.discard()
        raise
    return incoming


def place(incoming: Incoming, *, content_type: str) -> StoredFile:
    """Make its bytes durable. The row comes back unsaved, for the caller's transaction."""
    row = StoredFile(
        uid=uuid.uuid4(),
        size=incoming.size,
        sha256=incoming.sha256,
        content_type=content_type,
    )
    incoming.storage.put(incoming.path, row.uid)
    return row


def publish(path: Path, *, content_type: str) -> StoredFile:
    """Copy a local file into the storage and save its row. Raises StorageFull, Unavailable."""
    incoming = stage(path)
    try:
        row = place(incoming, content_type=content_type)
    finally:
        incoming.discard()
    try:
        row.save(force_insert=True)
    except BaseException:
        remove([row])
        raise
    return row


def open_range(file: StoredFile, start: int = 0, stop: int | None = None) -> BinaryIO:
    """Its bytes `start` up to, not including, `stop`. Raises Missing."""
    return get_storage().open(file.uid, start, stop)


def local_path(file: StoredFile) -> AbstractContextManager[Path]:
    """A real path to read it from while the context lasts. Raises Missing."""
    return get_storage().local_path(file.uid)


def discard(files: Iterable[StoredFile]) -> None:
    """Delete rows now and their bytes after the commit. Nothing may refer to them any more."""
    gone = list(files)
    StoredFile.objects.filter(pk__in=[file.pk for file in gone]).delete()
    transaction.on_commit(lambda: remove(gone), robust=True)


def remove(files: Iterable[StoredFile]) -> None:
    """Delete bytes; what can't be deleted now is an orphan that `reconcile` finds."""
    storage = get_storage()
    for file in files:
        try:
            storage.delete(file.uid)
        except Exception as error:  # noqa: BLE001  the row is gone; the rest is cleaning
            logger.warning(
                "file not deleted", extra={"uid": str(file.uid), "error": type(error).__name__}
            )
