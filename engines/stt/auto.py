"""The default: Whisper where its model is or can be had, else PocketSphinx for English.

For another language without Whisper it refuses and names the one command to run.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engines import models
from engines.stt.base import Capabilities, Heard, Transcriber
from engines.stt.registry import get_transcriber
from engines.vad import Region

_ASK_AGAIN_S = 600.0


class Auto:
    """Chooses at every call: a model that appears later is used from then on."""

    name = "auto"

    def __init__(
        self,
        *,
        whisper_model: str = "small",
        models_dir: str | Path | None = None,
        device: str = "auto",
        compute_type: str = "auto",
        batch_size: int = 0,
        beam_size: int = 5,
        cpu_threads: int = 0,
        fetch: bool = True,
    ) -> None:
        """`fetch`: whether a missing model may be fetched (asked at most every ten minutes)."""
        self._model = whisper_model
        self._models_dir = Path(models_dir) if models_dir else None
        self._fetch = fetch
        self._refused_at = -_ASK_AGAIN_S
        self._lock = threading.Lock()
        self._whisper = get_transcriber(
            "faster-whisper",
            whisper_model=whisper_model,
            models_dir=models_dir,
            device=device,
            compute_type=compute_type,
            batch_size=batch_size,
            beam_size=beam_size,
            cpu_threads=cpu_threads,
        )

    @property
    def capabilities(self) -> Capabilities:
        if self._can_use_whisper():
            return self._whisper.capabilities
        return get_transcriber("pocketsphinx").capabilities

    def choose(self, language: str | None) -> Transcriber:
        """The engine for this language. Raises EngineUnavailable("model_missing")."""
        if self._can_use_whisper():
            return self._whisper
        if language in (None, "en"):
            return get_transcriber("pocketsphinx")
        raise models.missing_model(self._model)

    def transcribe(
        self,
        pcm: np.ndarray,
        *,
        regions: Sequence[Region],
        language: str | None,
        hotwords: str = "",
        on_progress: Callable[[float], None],
        check: Callable[[], None],
    ) -> Heard:
        chosen = self.choose(language)
        heard = chosen.transcribe(
            pcm,
            regions=regions,
            language=language,
            hotwords=hotwords,
            on_progress=on_progress,
            check=check,
        )
        if language is None and not chosen.capabilities.detects_language:
            return replace(heard, engine=f"{heard.engine} (English assumed)")
        return heard

    def _can_use_whisper(self) -> bool:
        if models.find_model(self._model, self._models_dir):
            return True
        if not self._fetch or not self._models_dir or Path(self._model).is_absolute():
            return False
        with self._lock:
            if time.monotonic() - self._refused_at < _ASK_AGAIN_S:
                return False
            if models.can_be_fetched(self._model):
                return True
            self._refused_at = time.monotonic()
            return False
