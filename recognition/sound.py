"""Decoded tracks on this machine's disk: made once, used by whoever works on the track next.

A cache and nothing more: a worker on another machine decodes again (an hour takes about a second).
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from django.conf import settings

from engines.media import reading
from engines.media.base import Decoded
from recordings.models import Track
from recordings.storage import files

KEEP_SECONDS = 6 * 3600
"""Older ones are removed: their recording failed, was cancelled or is done elsewhere."""


def folder() -> Path:
    made: Path = settings.VAR_DIR / "scratch"
    made.mkdir(parents=True, exist_ok=True)
    return made


def _place(track: Track) -> Path:
    return folder() / f"{track.file_id}.s16"


def decode(
    track: Track,
    *,
    on_progress: Callable[[float], None] = lambda _: None,
    check: Callable[[], None] = lambda: None,
) -> Decoded:
    """Decodes the track's file afresh into the cache. Raises BadMedia, EngineError, Missing."""
    assert track.file is not None
    forget_old()
    with files.local_path(track.file) as path:
        return reading.decode(path, _place(track), on_progress=on_progress, check=check)


def samples(track: Track, *, check: Callable[[], None] = lambda: None) -> np.ndarray:
    """int16, 16 kHz, mono; mapped from the disk, so that hours cost no memory."""
    place = _place(track)
    try:
        os.utime(place)
    except FileNotFoundError:
        decode(track, check=check)
    return reading.read_pcm(place)


def forget(track: Track) -> None:
    _place(track).unlink(missing_ok=True)


def forget_old() -> None:
    oldest = time.time() - KEEP_SECONDS
    for path in folder().iterdir():
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            continue
