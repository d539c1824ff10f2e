"""Hears one track: only where somebody speaks."""

from dataclasses import asdict
from typing import Any, ClassVar

from django.db.models.functions import Now

from engines.protocol import ResultPhrase, TranscriptionResult
from engines.stt.base import Heard, Transcriber
from engines.stt.registry import get_transcriber
from engines.vad import Region
from recognition import sound
from recognition.conf import conf
from recognition.models import TrackWords
from recordings.choices import Queue
from recordings.models import Track
from recordings.pipeline.errand import Errand
from recordings.pipeline.step import Context, Step

ENGINE_LENGTH, LANGUAGE_LENGTH = 100, 10


class Transcribe(Step):
    """Words of one track. A silent track is skipped and costs nothing."""

    queue: ClassVar[Queue] = Queue.GPU
    per_track: ClassVar[bool] = True
    kind: ClassVar[str] = "transcribe"

    def applies_to(self, context: Context) -> bool:
        return bool(context.track.regions)

    def run(self, context: Context) -> None:
        track = context.track
        regions = [Region(start, end) for start, end in track.regions]
        speech = sum(region.seconds for region in regions)
        heard = engine_for(context.params).transcribe(
            sound.samples(track, check=context.check),
            regions=regions,
            language=language_for(context) or None,
            hotwords=context.params.get("hotwords", ""),
            on_progress=lambda done: context.report(100 * done / speech),
            check=context.check,
        )
        with context.writing():
            _write(track, heard.engine, heard.language, _plain(heard))

    def offer(self, context: Context) -> Errand:
        params = {"language": language_for(context), "hotwords": context.params.get("hotwords")}
        return Errand(
            tracks=(context.track,), params={name: told for name, told in params.items() if told}
        )

    def accept(self, context: Context, result: TranscriptionResult) -> None:
        engine = result.engine or context.claimed.worker
        segments = [_segment(phrase, result.language) for phrase in result.phrases]
        with context.writing():
            _write(context.track, engine, result.language, segments)


def _write(track: Track, engine: str, language: str, segments: list[dict[str, Any]]) -> None:
    heard = {
        "engine": engine[:ENGINE_LENGTH],
        "language": language[:LANGUAGE_LENGTH],
        "segments": segments,
    }
    # The row is there since the track was prepared, and nobody else writes it now.
    if not TrackWords.objects.filter(track=track).update(**heard, updated_at=Now()):
        TrackWords.objects.create(track=track, **heard)


def _segment(phrase: ResultPhrase, language: str) -> dict[str, Any]:
    return {
        "start": phrase.start,
        "end": phrase.end,
        "text": phrase.text,
        "words": [word.model_dump() for word in phrase.words or ()],
        "confidence": None,
        "language": language,
    }


def engine_for(params: dict[str, Any]) -> Transcriber:
    """The engine that was asked for, or the installation's own; warm from the second time on."""
    settings = conf()
    return get_transcriber(
        params.get("engine") or settings.engine,
        whisper_model=settings.model,
        device=settings.device,
        compute_type=settings.compute_type,
        models_dir=settings.models_dir,
    )


def language_for(context: Context) -> str:
    """Asked for, else the recording's, else the installation's; empty lets the engine find out."""
    return context.params.get("language") or context.recording.language or conf().language


def _plain(heard: Heard) -> list[dict[str, Any]]:
    return [asdict(segment) for segment in heard.segments]
