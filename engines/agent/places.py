"""The shared directory: what the gateway names is found below its root, or not at all."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from engines.agent import failures

RESULT = "result.json"


@dataclass(frozen=True)
class Places:
    """`exchange`: the shared root. `storage`: where links of source files may lead. Real paths."""

    exchange: Path
    storage: Path

    def source(self, folder: str, name: str) -> Path | None:
        """A file to read; None where nothing is there (a link may mean another machine's paths).

        Raises EngineError("bad_path").
        """
        inside = _below(self.exchange, folder)
        real = Path(os.path.realpath(inside / name))
        if not real.is_file():
            return None
        if not any(real.is_relative_to(root) for root in (self.exchange, self.storage)):
            raise failures.bad_path()
        return real

    def result_folder(self, folder: str) -> Path:
        """Made when it is not there. Raises EngineError("bad_path"), OSError."""
        place = _below(self.exchange, folder)
        if place == self.exchange:
            raise failures.bad_path()
        place.mkdir(parents=True, exist_ok=True)
        return place


def _below(root: Path, folder: str) -> Path:
    if "\0" in folder or os.path.isabs(folder):
        raise failures.bad_path()
    real = Path(os.path.realpath(root / folder))
    if not real.is_relative_to(root):
        raise failures.bad_path()
    return real


def publish(folder: Path, name: str, content: bytes | Path) -> None:
    """Put bytes, or a copy of a file, there as a whole: written aside, flushed, renamed."""
    part = folder / f".{name}.{os.urandom(6).hex()}.part"
    try:
        with part.open("xb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                with content.open("rb") as source:
                    shutil.copyfileobj(source, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / name)
    finally:
        part.unlink(missing_ok=True)
    _flush(folder)


def _flush(folder: Path) -> None:
    """The new name itself survives a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
