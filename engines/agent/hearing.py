"""The speech engine of this program. Light: what an engine needs, it loads when it hears."""

from engines import models
from engines.agent.settings import Work
from engines.stt.base import Transcriber
from engines.stt.registry import get_transcriber

_WHISPERS = {"auto", "faster-whisper"}


def engine_of(work: Work) -> Transcriber:
    """Made once per process. Raises EngineUnavailable("unknown_engine")."""
    options = dict(work.engine_options)
    if work.engine in _WHISPERS and not options.get("whisper_model"):
        options["whisper_model"] = models.recommended(options.get("device", "auto"))
    return get_transcriber(work.engine, **options)
