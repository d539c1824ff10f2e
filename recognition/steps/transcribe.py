"""Hears one track: only where somebody speaks."""

from dataclasses import asdict
from typing import Any, ClassVar

from engines.stt.base import Heard, Transcriber
from engines.stt.registry import get_transcriber
from engines.vad import Region
from recognition import sound
from recognition.conf import conf
from recognition.models import TrackWords
from recordings.choices import Queue
from recordings.pipeline.step import Context, Step


class Transcribe(Step):
    """Words of one track. A silent track is skipped and costs nothing."""

    queue: ClassVar[Queue] = Queue.GPU
    per_track: ClassVar[bool] = True

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
            TrackWords.objects.update_or_create(
                track=track,
                defaults={
                    "engine": heard.engine,
                    "language": heard.language,
                    "segments": _plain(heard),
                },
            )


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
