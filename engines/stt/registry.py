"""The getter: an engine by name, made once per process and set of options."""

import importlib
import inspect
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engines.errors import EngineUnavailable, gettext_noop

if TYPE_CHECKING:  # the web process asks for names only, and starts without numpy
    from engines.stt.base import Transcriber

TRANSCRIBERS: dict[str, str] = {
    "auto": "engines.stt.auto.Auto",
    "faster-whisper": "engines.stt.faster_whisper.FasterWhisper",
    "pocketsphinx": "engines.stt.pocketsphinx.PocketSphinx",
    "fake": "engines.stt.fake.Fake",
}

_made: "dict[tuple[Any, ...], Transcriber]" = {}
_lock = threading.RLock()


def get_transcriber(
    name: str, *, table: Mapping[str, str] = TRANSCRIBERS, **options: Any
) -> "Transcriber":
    """The engine of that name. Options that it does not know are not for it and are left out.

    Raises EngineUnavailable("unknown_engine") naming what there is. Loads no model yet.
    """
    if name not in table:
        raise EngineUnavailable(
            "unknown_engine",
            gettext_noop("There is no speech engine called %(name)s."),
            retryable=False,
            next_action=gettext_noop("Choose one of: %(known)s."),
            name=name,
            known=", ".join(sorted(table)),
        )
    engine = _load(table[name])
    known = inspect.signature(engine).parameters
    wanted = {key: value for key, value in options.items() if key in known}
    key = (table[name], *sorted((option, repr(value)) for option, value in wanted.items()))
    with _lock:
        if key not in _made:
            _made[key] = engine(**wanted)
        return _made[key]


def _load(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)
