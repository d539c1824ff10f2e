"""Outcomes that the gateway has not acknowledged: kept, and told again after a reconnect.

With a directory also over a restart of the program: one file each, only for its own user.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from engines.agent.settings import WrongSettings, usual_id
from engines.protocol import Done, Failed

log = structlog.get_logger(__name__)

_MOST = 500
_LONGEST_S = 24 * 3600.0
"""Whoever waits for a result that old has long given the request to another."""


class Kept:
    """One outcome per request. `failed` is kept only until it was sent, `done` until it was
    acknowledged."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._outcomes: dict[str, Done | Failed] = {}

    def __iter__(self) -> Iterator[Done | Failed]:
        return iter(list(self._outcomes.values()))

    def __len__(self) -> int:
        return len(self._outcomes)

    def get(self, request_id: str) -> Done | Failed | None:
        return self._outcomes.get(request_id)

    async def add(self, outcome: Done | Failed) -> None:
        """On the disk before anybody hears of it."""
        if isinstance(outcome, Done) and self._folder:
            try:
                await asyncio.to_thread(_write, self._path(outcome.request_id), outcome)
            except OSError as error:
                log.error("result not kept on disk", errno=error.errno)
        self._outcomes[outcome.request_id] = outcome
        while len(self._outcomes) > _MOST:
            log.warning("oldest unacknowledged result is dropped")
            self.forget(next(iter(self._outcomes)))

    def forget(self, request_id: str) -> None:
        if self._outcomes.pop(request_id, None) and self._folder:
            self._path(request_id).unlink(missing_ok=True)

    def load(self) -> None:
        """What an earlier life of the program left."""
        for path in sorted(self._folder.glob("*.result")) if self._folder else ():
            try:
                if time.time() - path.stat().st_mtime > _LONGEST_S:
                    raise ValueError("too old")
                outcome = Done.model_validate_json(path.read_bytes())
            except ValueError:
                path.unlink(missing_ok=True)
            else:
                self._outcomes[outcome.request_id] = outcome

    def _path(self, request_id: str) -> Path:
        assert self._folder
        return self._folder / f"{hashlib.sha256(request_id.encode()).hexdigest()[:32]}.result"


def _write(path: Path, outcome: Done) -> None:
    part = path.with_suffix(".part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(outcome.frame().encode())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


@contextlib.contextmanager
def held(folder: Path | None) -> Iterator[None]:
    """Nobody else uses the directory meanwhile. Raises WrongSettings."""
    if folder is None:
        yield
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise WrongSettings(f"--state {folder}: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WrongSettings(f"--state {folder} is used by another engine") from None
        yield


def identity(given: str, folder: Path | None) -> str:
    """The engine's name: given, or made once and kept with its state."""
    if given or folder is None:
        return given or usual_id()
    path = folder / "identity.json"
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        kept = usual_id()
        path.write_text(json.dumps(kept))
    return str(kept)
