"""The exchange directory: `source/<request>/` with links to sound, `result/<request>/<attempt>/`.

It stands in the storage's root, so that an engine that sees the storage reads sound where it lies.
Engines write here: nothing that is found here is believed, and no link of theirs is followed.
"""

import os
import re
import shutil
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from recordings.models import Track
from recordings.storage import files
from recordings.storage.choose import get_storage
from recordings.storage.local import LocalStorage

RESULT = "result.json"
LONGEST_NAME = 120
"""Bytes of a participant's name in a file name."""


class Unsafe(Exception):
    """A path leads out of the tree, or something else than a file stands there."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """`root` is real: it has no links in it."""

    root: Path

    def lend(self, request: int, tracks: Sequence[Track]) -> list[str]:
        """Links to sound in `source/<request>/`: their names. Raises Unsafe, Missing."""
        folder = self._folder("source", str(request))
        return [self._link(folder, track) for track in tracks]

    def _link(self, folder: Path, track: Track) -> str:
        assert track.file is not None
        name = readable_name(track)
        with files.local_path(track.file) as target:
            real = Path(os.path.realpath(target))
            if not real.is_relative_to(self.root.parent) or not real.is_file():
                raise Unsafe
            # Relative: an engine may see the same tree at another place.
            place, new = folder / name, folder / f".{name}.new"
            new.unlink(missing_ok=True)
            new.symlink_to(os.path.relpath(real, folder))
            os.replace(new, place)
        if Path(os.path.realpath(place)) != real:
            raise Unsafe
        return name

    def make_result(self, request: int, attempt: int) -> str:
        """An empty folder for what the engine makes: its path from the root."""
        self._folder("result", str(request), str(attempt))
        return f"result/{request}/{attempt}"

    def _folder(self, *parts: str) -> Path:
        folder = self.root.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        if Path(os.path.realpath(folder)) != folder:
            raise Unsafe
        return folder

    def open_result(self, request: int, attempt: int, name: str = RESULT) -> BinaryIO:
        """A file that the engine made. Raises FileNotFoundError; Unsafe for whatever is no file."""
        folder = self.root / "result" / str(request) / str(attempt)
        if Path(os.path.realpath(folder)) != folder:
            raise Unsafe
        try:
            descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Unsafe from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Unsafe
        return os.fdopen(descriptor, "rb")

    def finished(self) -> Iterator[tuple[int, int, float]]:
        """(request, attempt, when) of every `result.json` that stands here."""
        for path in (self.root / "result").glob(f"*/*/{RESULT}"):
            request, attempt = path.parts[-3:-1]
            with suppress(ValueError, FileNotFoundError):
                yield int(request), int(attempt), path.lstat().st_mtime

    def requests(self) -> dict[int, float]:
        """Requests of which something stands here, and when it was last touched."""
        found: dict[int, float] = {}
        for kind in ("source", "result"):
            with suppress(FileNotFoundError):
                for entry in os.scandir(self.root / kind):
                    if entry.name.isdigit():
                        changed = entry.stat(follow_symlinks=False).st_mtime
                        found[int(entry.name)] = max(changed, found.get(int(entry.name), 0))
        return found

    def clean(self, request: int) -> None:
        """Removes all that stands here of a request."""
        for kind in ("source", "result"):
            folder = self.root / kind / str(request)
            if folder.is_symlink():
                folder.unlink(missing_ok=True)
            else:
                shutil.rmtree(folder, ignore_errors=True)


def find() -> Exchange | None:
    """The exchange of the storage as it is set now; None where files are not on a disk of ours."""
    storage = get_storage()
    return Exchange(storage.root / "exchange") if isinstance(storage, LocalStorage) else None


def readable_name(track: Track) -> str:
    """`02_Anna_Ivanova.ogg`: the track's number, whose sound it is, what it is."""
    assert track.file is not None
    parts = [f"{track.position + 1:02d}", _safe(track.name)]
    return f"{'_'.join(filter(None, parts))}.{track.file.ending}"


def _safe(name: str) -> str:
    plain = unicodedata.normalize("NFC", name)
    words = re.sub(r"[^\w-]+", "_", plain).strip("_-")
    return words.encode()[:LONGEST_NAME].decode(errors="ignore")
