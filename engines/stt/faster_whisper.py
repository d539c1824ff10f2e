"""Whisper by CTranslate2 (faster-whisper): batched, speech only, word times, hotwords.

Speech is packed into windows of up to 30 s (Whisper pads every window to that) and recognised a
batch at a time, so memory is bounded and a cancel is heard between batches. The model is loaded
once per process and stays warm.
"""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engines import models
from engines.errors import EngineUnavailable, gettext_noop
from engines.stt.base import (
    RATE,
    Capabilities,
    Heard,
    Segment,
    Word,
    mean_confidence,
)
from engines.stt.device import Placement, free_gpu_bytes, placements, supported_types
from engines.stt.windows import Window, pack, phrases
from engines.vad import Region

_WINDOW_S = 29.0
_LOOPING = 2.4
_NO_SPEECH, _UNSURE = 0.6, -1.0
_RETRY_HEATS = (0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Loaded:
    """A model in memory, its batching pipeline, and where it runs."""

    model: Any
    pipeline: Any
    placement: Placement


class FasterWhisper:
    """One model. `whisper_model`: a name, a hub's owner/name, or a directory."""

    name = "faster-whisper"

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
    ) -> None:
        self.model_name = whisper_model
        self.models_dir = Path(models_dir) if models_dir else None
        self._device, self._compute_type = device, compute_type
        self._batch_size, self._beam_size = batch_size, beam_size
        self._cpu_threads = cpu_threads
        self._loaded: Loaded | None = None
        self._lock = threading.Lock()

    @property
    def capabilities(self) -> Capabilities:
        english = self.model_name.endswith(".en")
        return Capabilities(
            languages=frozenset({"en"}) if english else None,
            leaves_premises=False,
            word_times=True,
            hotwords=True,
            detects_language=not english,
        )

    def warm(self) -> Loaded:
        """Load the model now (once per process). Raises EngineUnavailable("model_missing")."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

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
        windows = pack(pcm, regions, longest_s=_WINDOW_S)
        if not windows:
            return Heard(language=language or "", segments=(), engine=self.name)
        loaded = self.warm()
        size = self._batch_size or loaded.placement.batch
        segments: list[Segment] = []
        done = 0.0
        for at in range(0, len(windows), size):
            check()
            batch = Batch(windows[at : at + size], pcm)
            results, language = self._recognise(loaded, batch, language, hotwords)
            settled = self._settled(loaded, batch, results, language, check)
            segments.extend(sorted(batch.segments(settled), key=lambda said: said.start))
            done += batch.seconds
            on_progress(done)
        return Heard(
            language=language or "", segments=tuple(segments), engine=self._title(loaded.placement)
        )

    def _recognise(
        self, loaded: Loaded, batch: "Batch", language: str | None, hotwords: str
    ) -> tuple[list[Any], str]:
        found, info = loaded.pipeline.transcribe(
            batch.sound,
            language=language,
            clip_timestamps=batch.clips,
            batch_size=len(batch.windows),
            beam_size=self._beam_size,
            word_timestamps=True,
            vad_filter=False,
            hotwords=hotwords or None,
            language_detection_segments=4,
        )
        return list(found), info.language

    def _settled(
        self,
        loaded: Loaded,
        batch: "Batch",
        results: list[Any],
        language: str,
        check: Callable[[], None],
    ) -> Iterator["Result"]:
        """Results without invented speech; a window that loops is heard again, with heat."""
        for found in results:
            if found.no_speech_prob > _NO_SPEECH and found.avg_logprob < _UNSURE:
                continue
            index = batch.window_of(found)
            if found.compression_ratio <= _LOOPING:
                yield Result(index, batch.offsets[index], found, language)
                continue
            check()
            again, _ = loaded.model.transcribe(
                batch.windows[index].sound(batch.pcm),
                language=language,
                temperature=_RETRY_HEATS,
                word_timestamps=True,
                condition_on_previous_text=False,
                beam_size=self._beam_size,
            )
            for better in again:
                check()
                if better.compression_ratio <= _LOOPING:
                    yield Result(index, 0.0, better, language)

    def _load(self) -> Loaded:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        model = models.find_model(self.model_name, self.models_dir) or self._fetch()
        refused: Exception | None = None
        for placement in placements(
            device=self._device,
            compute_type=self._compute_type,
            model_bytes=(model.path / "model.bin").stat().st_size,
            free_bytes=free_gpu_bytes(),
            supported=supported_types(),
        ):
            try:
                whisper = WhisperModel(
                    str(model.path),
                    device=placement.device,
                    device_index=placement.index,
                    compute_type=placement.compute_type,
                    cpu_threads=self._cpu_threads,
                )
            except (RuntimeError, ValueError) as error:
                refused = error
                continue
            return Loaded(whisper, BatchedInferencePipeline(whisper), placement)
        raise _does_not_load(self.model_name) from refused

    def _fetch(self) -> models.LocalModel:
        fetchable = self.models_dir and not Path(self.model_name).is_absolute()
        if not fetchable or not models.can_be_fetched(self.model_name):
            raise models.missing_model(self.model_name)
        assert self.models_dir
        return models.download(self.model_name, self.models_dir)

    def _title(self, placement: Placement) -> str:
        name = Path(self.model_name).name
        return f"faster-whisper {name} ({placement.device}, {placement.compute_type})"


@dataclass(frozen=True)
class Result:
    """What Whisper said of one window; `offset` is where its times begin."""

    window: int
    offset: float
    found: Any
    language: str


class Batch:
    """Windows joined into one sound, and the way back from its times to the track's."""

    def __init__(self, windows: Sequence[Window], pcm: np.ndarray) -> None:
        self.windows, self.pcm = list(windows), pcm
        sounds = [window.sound(pcm) for window in windows]
        self.sound = np.concatenate(sounds)
        ends = np.cumsum([len(sound) for sound in sounds]) / RATE
        self.offsets = [float(end - len(s) / RATE) for end, s in zip(ends, sounds, strict=True)]
        # faster-whisper floors seconds to samples: half a sample more keeps the last one.
        self.clips = [
            {"start": start + 0.5 / RATE, "end": float(end) + 0.5 / RATE}
            for start, end in zip(self.offsets, ends, strict=True)
        ]

    @property
    def seconds(self) -> float:
        return sum(window.seconds for window in self.windows)

    def window_of(self, found: Any) -> int:
        """By `seek`, which is the window's own beginning in frames of 10 ms."""
        nearest = np.abs(np.array(self.offsets) - found.seek / 100.0)
        return int(np.argmin(nearest))

    def segments(self, results: Iterator[Result]) -> Iterator[Segment]:
        for result in results:
            words = [self._word(result, word) for word in result.found.words or ()]
            if not words:
                yield from self._without_words(result)
            for phrase in phrases([word for word in words if word.word.strip()]):
                yield _segment(phrase, result.language)

    def _word(self, result: Result, word: Any) -> Word:
        start, end = self.windows[result.window].to_track(
            word.start - result.offset, word.end - result.offset
        )
        return Word(word.word, start, end, round(float(word.probability), 3))

    def _without_words(self, result: Result) -> Iterator[Segment]:
        text = result.found.text.strip()
        if not text:
            return
        window = self.windows[result.window]
        confidence = round(min(1.0, math.exp(result.found.avg_logprob)), 3)
        start, end = window.to_track(
            result.found.start - result.offset, result.found.end - result.offset
        )
        yield Segment(start, end, text, (), confidence, result.language)


def _segment(words: tuple[Word, ...], language: str) -> Segment:
    """Whisper's words carry their own blanks: Chinese has none between them."""
    return Segment(
        start=words[0].start,
        end=words[-1].end,
        text="".join(word.word for word in words).strip(),
        words=tuple(
            Word(word.word.strip(), word.start, word.end, word.confidence) for word in words
        ),
        confidence=mean_confidence(words),
        language=language,
    )


def _does_not_load(name: str) -> EngineUnavailable:
    return EngineUnavailable(
        "model_does_not_load",
        gettext_noop("The speech model %(name)s does not load on this machine."),
        retryable=False,
        next_action=gettext_noop("Run: python manage.py models check %(name)s"),
        name=name,
    )
