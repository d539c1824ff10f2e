"""One launcher per data directory."""

import fcntl
import os
from pathlib import Path
from typing import TextIO

from sai.launcher.refusal import Refusal


def prepare(var: Path) -> None:
    """Make the data directory if there is none, and see that we may write there."""
    trial = var / f".write-{os.getpid()}"
    try:
        var.mkdir(parents=True, exist_ok=True, mode=0o700)
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise Refusal(
            f"cannot write to {var} ({error.strerror}): make it writable, or set SAI_VAR to a "
            "folder that is"
        ) from error


def hold(var: Path) -> TextIO:
    """Lock `var` until the file given back is closed or this process ends, however it ends."""
    file = (var / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise Refusal(
            f"another start already uses {var} (process {holder}): stop it first, or set SAI_VAR "
            "and SAI_PORT to run a second one"
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file
