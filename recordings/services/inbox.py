"""A watched folder: what is put there becomes recordings.

A file is taken when it has stopped growing and nobody has it open for writing. Its copy is durable
before the original is moved to `taken/`; what can't be used goes to `rejected/` beside a note that
says why. A crash in between costs nothing: the same bytes again are the first recording.
"""

import fcntl
import logging
import os
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import Invalid, SaiError
from recordings.choices import Kind
from recordings.models import Recording
from recordings.services.intake import IncomingFile, receive

logger = logging.getLogger(__name__)
TAKEN, REJECTED = "taken", "rejected"
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart", "~")
JUNK = frozenset({"thumbs.db", "desktop.ini"})
REFUSED = frozenset({400, 413, 415, 422})
"""Verdicts that stay true however often the file is tried."""

Signature = tuple[tuple[str, int, int, int], ...]
"""Of each file: its name, size, time of change and inode."""


@dataclass
class Inbox:
    """One watched folder. Call `look` every second or so."""

    folder: Path
    owner: User
    settle_seconds: float
    delete: bool = False
    """Delete what was taken instead of moving it to `taken/`."""
    _seen: dict[Path, tuple[Signature, float]] = field(default_factory=dict)

    def look(self) -> list[Recording]:
        """One pass: the recordings made of what is whole by now."""
        found = {entry: signature_of(entry) for entry in self._entries()}
        self._seen = {
            entry: kept
            for entry, signature in found.items()
            if signature and (kept := self._since(entry, signature))
        }
        whole = [entry for entry in sorted(self._seen) if self._is_whole(entry)]
        made = [self._take(entry) for entry in whole]
        return [recording for recording in made if recording is not None]

    @property
    def waiting(self) -> bool:
        """Something was seen that is not taken yet."""
        return bool(self._seen)

    def _entries(self) -> Iterator[Path]:
        for entry in self.folder.iterdir():
            if _counts(entry) and entry.name not in (TAKEN, REJECTED):
                yield entry

    def _since(self, entry: Path, signature: Signature) -> tuple[Signature, float]:
        kept = self._seen.get(entry)
        return kept if kept and kept[0] == signature else (signature, time.monotonic())

    def _is_whole(self, entry: Path) -> bool:
        quiet = time.monotonic() - self._seen[entry][1]
        return quiet >= self.settle_seconds and not has_writer(parts_of(entry))

    def _take(self, entry: Path) -> Recording | None:
        self._seen.pop(entry)
        try:
            recording = self._receive(entry)
            self._done(entry)
        except FileNotFoundError:
            return None  # whoever put it there took it away again
        except SaiError as error:
            if error.status not in REFUSED:
                # No room or no storage just now: it stays where it is and is tried again.
                logger.warning("inbox waits", extra={"code": error.code})
                return None
            self._reject(entry, error)
            return None
        return recording

    def _receive(self, entry: Path) -> Recording:
        parts = parts_of(entry)
        with ExitStack() as opened:
            files = [IncomingFile(opened.enter_context(_open(part)), part.name) for part in parts]
            recording, _created = receive(
                self.owner,
                files,
                title=entry.name if entry.is_dir() else "",
                kind=Kind.MEETING if len(files) > 1 else Kind.UPLOAD,
                source="inbox",
            )
        return recording

    def _done(self, entry: Path) -> None:
        if not self.delete:
            _move(entry, self.folder / TAKEN)
            return
        for part in parts_of(entry):
            part.unlink(missing_ok=True)
        if entry.is_dir():
            with suppress(OSError):  # something else lies in it
                entry.rmdir()

    def _reject(self, entry: Path, error: SaiError) -> None:
        moved = _move(entry, self.folder / REJECTED)
        note = [error.message, error.next_action, str(error.details.get("file", ""))]
        text = "\n".join(line for line in note if line)
        moved.with_name(f"{moved.name}.txt").write_text(f"{text}\n", encoding="utf-8")
        logger.info("inbox rejected a file", extra={"code": error.code})


def parts_of(entry: Path) -> list[Path]:
    """The file itself, or the files of a folder and of its folders, by name."""
    if entry.is_symlink() or not entry.is_dir():
        return [entry]
    return sorted(
        path
        for path in entry.rglob("*")
        if all(_counts(Path(name)) for name in path.relative_to(entry).parts)
        and (path.is_symlink() or not path.is_dir())
    )


def _counts(path: Path) -> bool:
    """Not hidden, not half-written by its name, not what a desktop leaves behind."""
    name = path.name.lower()
    return not (name.startswith(".") or name.endswith(UNFINISHED) or name in JUNK)


def signature_of(entry: Path) -> Signature:
    """What changes when any part changes; empty when there is nothing."""
    found = []
    with suppress(FileNotFoundError, NotADirectoryError):
        for part in parts_of(entry):
            is_now = part.lstat()
            found.append((str(part), is_now.st_size, is_now.st_mtime_ns, is_now.st_ino))
    return tuple(found)


def has_writer(parts: list[Path]) -> bool:
    """True when a process that we may look at has one of them open for writing (Linux)."""
    wanted = set()
    for part in parts:
        with suppress(OSError):
            wanted.add((part.lstat().st_dev, part.lstat().st_ino))
    return any(_writes(link, wanted) for link in Path("/proc").glob("[0-9]*/fd/*"))


def _writes(link: Path, wanted: set[tuple[int, int]]) -> bool:
    try:
        opened = link.stat()
        if (opened.st_dev, opened.st_ino) not in wanted:
            return False
        info = (link.parent.parent / "fdinfo" / link.name).read_text()
    except OSError:
        return False
    flags = next(line.split()[1] for line in info.splitlines() if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY


def _open(path: Path) -> BinaryIO:
    """For reading; a link or a device put there to make us read something else is refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _not_a_file(path) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_a_file(path)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_RDONLY)
    return os.fdopen(descriptor, "rb")


def _not_a_file(path: Path) -> Invalid:
    return Invalid(
        _("This is not a file that can be read (a link, a device, or no permission)."),
        code="not_a_file",
        next_action=_("Copy the sound file itself here."),
        details={"file": path.name},
    )


def _move(entry: Path, folder: Path) -> Path:
    """Into `folder`, under a name that is free there."""
    folder.mkdir(exist_ok=True)
    target, count = folder / entry.name, 1
    while os.path.lexists(target):
        count += 1
        target = folder / f"{entry.stem} ({count}){entry.suffix}"
    entry.rename(target)
    return target
