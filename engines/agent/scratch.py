"""Where decoded sound lies while it is worked on: one directory per program, one in it per order.

Whoever was killed leaves his; the next program on this machine removes it, because the lock that
says that somebody is there died with him.
"""

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "sai-engine-"


@contextlib.contextmanager
def scratch(parent: Path | None) -> Iterator[Path]:
    """Raises OSError where nothing can be written."""
    where = parent or Path(tempfile.gettempdir())
    where.mkdir(parents=True, exist_ok=True)
    remove_abandoned(where)
    made = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=where))
    with (made / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Under its name only once it is locked: others take an unlocked one for abandoned.
        folder = made.rename(where / made.name.removeprefix("."))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(where: Path) -> None:
    for folder in where.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), (folder / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
