"""What a place for bytes promises, and the words it uses.

A file is known by its uid and never changes after it was published.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

from django.utils.translation import gettext as _

from common.errors import NotFound, StorageFull, Unavailable


class Missing(NotFound):
    """A row speaks of a file that is not there."""

    code = "file_missing"


@dataclass(frozen=True)
class Found:
    """Something that stands in the storage. `uid` is None where the name is not one of ours."""

    name: str
    uid: UUID | None
    size: int
    modified_at: dt.datetime


class Storage(Protocol):
    """Durable files by uid. Every method may raise Unavailable; `put` may raise StorageFull."""

    incoming: Path
    """Local folder in which files that come in are written before they are published."""

    def put(self, path: Path, uid: UUID) -> None:
        """Make the local file durable under `uid`. It is gone from `path` afterwards."""

    def open(self, uid: UUID, start: int = 0, stop: int | None = None) -> BinaryIO:
        """Bytes `start` up to, not including, `stop`. Raises Missing."""

    def local_path(self, uid: UUID) -> AbstractContextManager[Path]:
        """A real path to read from while the context lasts. Raises Missing."""

    def size(self, uid: UUID) -> int | None:
        """Bytes; None when there is no such file."""

    def delete(self, uid: UUID) -> None:
        """Nothing happens when there is no such file."""

    def walk(self) -> Iterator[Found]:
        """Everything published, and whatever else lies where published files lie."""

    def remove(self, found: Found) -> None:
        """Delete what `walk` gave."""

    def ensure_room(self, size: int) -> None:
        """Raises StorageFull when `size` more bytes would touch the reserve."""


def place_of(uid: UUID) -> str:
    """`uid[0:2]/uid[2:4]/uid[4:6]/uid`."""
    text = str(uid)
    return f"{text[0:2]}/{text[2:4]}/{text[4:6]}/{text}"


def uid_at(place: str) -> UUID | None:
    """The uid whose place this is."""
    try:
        uid = UUID(place.rpartition("/")[2])
    except ValueError:
        return None
    return uid if place_of(uid) == place else None


def full() -> StorageFull:
    return StorageFull(
        _("There is no room left for this file; nothing of it was kept."),
        next_action=_("Delete recordings that are no longer needed, or ask for a larger disk."),
    )


def unavailable(error: Exception) -> Unavailable:
    return Unavailable(
        _("The storage of files does not answer."),
        code="storage_unavailable",
        next_action=_("Try again in a minute; if it stays so, check the storage settings."),
        details={"reason": type(error).__name__},
    )


def missing() -> Missing:
    return Missing(
        _("The file of this recording is not in the storage."),
        next_action=_("Send the recording again, or restore the storage from a backup."),
    )
