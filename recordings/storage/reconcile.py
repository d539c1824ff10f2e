"""Compares the rows of stored files with what really lies in the storage.

What a crash may leave: a file without a row (published, never committed), a row that nothing uses,
a half-written file that was coming in. What must never be: a row without its bytes.
"""

import datetime as dt
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from recordings.conf import conf
from recordings.models import StoredFile
from recordings.storage import files
from recordings.storage.base import Found, Storage
from recordings.storage.choose import get_storage
from recordings.storage.local import LocalStorage

BATCH = 1000


@dataclass
class Report:
    """What does not fit. Names are relative to the storage; `deleted` counts what was removed."""

    checked: int = 0
    orphans: list[str] = field(default_factory=list)
    """Files without a row, older than the grace."""
    strays: list[str] = field(default_factory=list)
    """Files whose name is none of ours; never touched."""
    leftovers: list[str] = field(default_factory=list)
    """What was coming in when a process died."""
    missing: list[str] = field(default_factory=list)
    """Rows without a file: these bytes are lost."""
    wrong_size: list[str] = field(default_factory=list)
    wrong_hash: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    """Rows that nothing refers to, older than the grace."""
    dead_links: list[str] = field(default_factory=list)
    deleted: int = 0

    @property
    def clean(self) -> bool:
        """True when nothing is lost or damaged. Orphans only take room."""
        return not (self.missing or self.wrong_size or self.wrong_hash)


def reconcile(*, delete_orphans: bool = False, verify: bool = False) -> Report:
    """Look at everything once. Only what nothing refers to is deleted, and only when asked.

    `verify` reads every byte and compares hashes. Takes about a tenth of a kilobyte of memory for
    every file.
    """
    storage, report = get_storage(), Report()
    before = timezone.now() - dt.timedelta(seconds=conf().orphan_grace_seconds)
    seen = _files(storage, report, before=before, delete=delete_orphans)
    _rows(storage, report, seen=seen, verify=verify)
    _unused(report, before=before, delete=delete_orphans)
    _leftovers(storage, report, before=before, delete=delete_orphans)
    if isinstance(storage, LocalStorage):
        report.dead_links = sorted(_dead_links(storage.root / "exchange", storage.root))
    return report


def _files(storage: Storage, report: Report, *, before: dt.datetime, delete: bool) -> set[int]:
    """The uids that are there."""
    seen: set[int] = set()
    for batch in _batches(storage.walk()):
        named = [(found, found.uid) for found in batch if found.uid is not None]
        report.strays += [found.name for found in batch if found.uid is None]
        known = _known([uid for _, uid in named])
        seen.update(uid.int for _, uid in named)
        for found, uid in named:
            report.checked += 1
            if uid not in known:
                _orphan(storage, report, found, before=before, delete=delete)
            elif known[uid] != found.size:
                report.wrong_size.append(str(uid))
    return seen


def _known(uids: list[UUID]) -> dict[UUID, int]:
    return dict(StoredFile.objects.filter(pk__in=uids).values_list("pk", "size"))


def _orphan(
    storage: Storage, report: Report, found: Found, *, before: dt.datetime, delete: bool
) -> None:
    if found.modified_at > before:
        return  # its row may be about to be committed
    report.orphans.append(found.name)
    if delete:
        storage.remove(found)
        report.deleted += 1


def _rows(storage: Storage, report: Report, *, seen: set[int], verify: bool) -> None:
    rows = StoredFile.objects.order_by("pk").only("pk", "size", "sha256")
    for row in rows.iterator(chunk_size=BATCH):
        if row.pk.int not in seen:
            # It may have come, or gone with its row, while the files were being listed.
            if storage.size(row.pk) is None and StoredFile.objects.filter(pk=row.pk).exists():
                report.missing.append(str(row.pk))
        elif verify and _sha256(storage, row.pk) != row.sha256:
            report.wrong_hash.append(str(row.pk))


def _sha256(storage: Storage, uid: UUID) -> str:
    digest = hashlib.sha256()
    with storage.open(uid) as file:
        while chunk := file.read(files.CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _unused(report: Report, *, before: dt.datetime, delete: bool) -> None:
    """Rows that no other row names, in whatever app: a step died between two statements."""
    nobody = Q()
    hidden = {one for one in StoredFile._meta.get_fields(include_hidden=True) if one.auto_created}
    if hidden - set(StoredFile._meta.related_objects):
        raise AssertionError("A file may be in use by rows that can't be asked: name the relation.")
    for relation in StoredFile._meta.related_objects:
        nobody &= Q(**{f"{relation.name}__isnull": True})
    rows = list(StoredFile.objects.filter(nobody, created_at__lt=before))
    report.unused = [str(row.pk) for row in rows]
    if delete:
        files.discard(rows)
        report.deleted += len(rows)


def _leftovers(storage: Storage, report: Report, *, before: dt.datetime, delete: bool) -> None:
    for path in sorted(storage.incoming.iterdir()):
        with suppress(FileNotFoundError):
            if path.lstat().st_mtime > before.timestamp():
                continue
            report.leftovers.append(path.name)
            if delete:
                _remove(path)
                report.deleted += 1


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _dead_links(folder: Path, root: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(parent) / name
            if path.is_symlink() and not path.exists():
                yield path.relative_to(root).as_posix()


def _batches(found: Iterable[Found]) -> Iterator[list[Found]]:
    rest = iter(found)
    while batch := list(islice(rest, BATCH)):
        yield batch
