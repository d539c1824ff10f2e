"""The work of kind `transcribe`: files to phrases, and a file of the mix where that is wanted."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engines.agent import failures, mixing
from engines.agent.fetching import Wire, as_failure
from engines.agent.hearing import engine_of
from engines.agent.places import RESULT, Places, publish
from engines.agent.settings import Work
from engines.media import reading
from engines.media.base import RATE
from engines.protocol import (
    MESSAGE_BYTES,
    OfferedFile,
    TranscribeOffer,
    TranscriptionResult,
)
from engines.stt.base import Heard
from engines.vad import Region, speech_regions

Report = Callable[[float, str], None]
_READY = 0.15
"""The share of a file's work that is done when its sound lies decoded."""
_ROOM = MESSAGE_BYTES - (1 << 16)


def transcribe(
    work: Work,
    order: Mapping[str, Any],
    *,
    scratch: Path,
    report: Report,
    cancelled: Callable[[], bool],
) -> dict[str, Any] | None:
    """The result, or None when it stands in `result_dir`. Raises EngineError."""

    def check() -> None:
        if cancelled():
            raise failures.cancelled()

    offer = TranscribeOffer.model_validate(order)
    return Transcription(work, offer, scratch, report, check).run()


@dataclass
class Transcription:
    """One offer on its way. `scratch` is emptied by somebody else afterwards."""

    work: Work
    offer: TranscribeOffer
    scratch: Path
    report: Report
    check: Callable[[], None]

    def run(self) -> dict[str, Any] | None:
        self._wire = Wire(self.work.web, self.work.authority)
        phrases: list[dict[str, Any]] = []
        heard: list[Heard] = []
        sounds: list[Path] = []
        try:
            if self._places and self.offer.result_dir:
                # Before the work, not after it.
                self._places.result_folder(self.offer.result_dir)
            for index, file in enumerate(self.offer.files):
                pcm = self._sound(index, file)
                heard.append(self._hear(index, file, reading.read_pcm(pcm)))
                phrases.extend(_phrases(file.track, heard[-1]))
                sounds.append(pcm)
                if not self.work.audio:
                    pcm.unlink()
            audio = self._make_audio(sounds) if self.work.audio else None
        except OSError as error:
            raise as_failure(error) from error
        result = {
            "language": _language(heard),
            "phrases": phrases,
            "engine": ", ".join(dict.fromkeys(one.engine for one in heard))[:100],
            **({"audio": {self.work.audio: audio}} if audio else {}),
        }
        return self._hand_over(TranscriptionResult.model_validate(result))

    def _sound(self, index: int, file: OfferedFile) -> Path:
        """The file's sound as raw samples in the scratch directory."""
        self._tell(index, 0.0, "fetch")
        source = self._source(index, file)
        out = self.scratch / f"{index}.s16"
        reading.decode(
            source,
            out,
            on_progress=lambda _: self._tell(index, 0.0, "decode"),
            check=self.check,
        )
        if source.is_relative_to(self.scratch):
            source.unlink()
        return out

    def _source(self, index: int, file: OfferedFile) -> Path:
        if self._places and (found := self._places.source(self.offer.source_dir, file.name)):
            return found
        if not file.url:
            raise failures.source_missing()
        out = self.scratch / f"{index}.source"
        self._wire.download(file.url, out, self.check)
        return out

    @property
    def _places(self) -> Places | None:
        work = self.work
        return Places(Path(work.exchange), Path(work.storage)) if work.exchange else None

    def _hear(self, index: int, file: OfferedFile, pcm: np.ndarray) -> Heard:
        self._tell(index, _READY, "listen")
        regions = self._regions(file, pcm)
        language = _code(self.offer.params.language)
        speech = sum(region.seconds for region in regions)
        if not regions:
            return Heard(language=language or "", segments=(), engine=self.work.engine)
        self._tell(index, _READY, "transcribe")
        return engine_of(self.work).transcribe(
            pcm,
            regions=regions,
            language=language,
            hotwords=self.offer.params.hotwords or "",
            on_progress=lambda done: self._tell(
                index, _READY + (1 - _READY) * done / speech, "transcribe"
            ),
            check=self.check,
        )

    def _regions(self, file: OfferedFile, pcm: np.ndarray) -> list[Region]:
        """The offer's, kept inside the file; else found here. A stand-in hears everything: load
        tests shall not measure our own voice detection."""
        length = len(pcm) / RATE
        if file.regions is not None:
            inside = [Region(start, min(end, length)) for start, end in file.regions]
            return [region for region in inside if region.end > region.start]
        if self.work.engine == "fake":
            return [Region(0.0, length)]
        return speech_regions(pcm)

    def _tell(self, index: int, share: float, stage: str) -> None:
        self.check()
        self.report(100 * (index + min(share, 1.0)) / len(self.offer.files), stage)

    def _make_audio(self, sounds: Sequence[Path]) -> str | None:
        """The name of the mixed file in `result_dir` or uploaded; None where neither is there."""
        shared = self._places is not None and bool(self.offer.result_dir)
        if not shared and not self.offer.upload_url:
            return None
        self.report(99, "audio")
        made = mixing.mix(sounds, self.scratch, self.work.audio)
        try:
            if shared and self._places:
                publish(self._places.result_folder(self.offer.result_dir), made.name, made)
            else:
                self._wire.upload(self.offer.upload_url, made, self.check)
        except PermissionError:
            return None  # the words are worth more
        return made.name

    def _hand_over(self, result: TranscriptionResult) -> dict[str, Any] | None:
        """Into `result_dir` where that can be written, else inline."""
        text = result.model_dump_json(exclude_none=True)
        if self._places and self.offer.result_dir:
            with suppress(PermissionError, FileNotFoundError):
                folder = self._places.result_folder(self.offer.result_dir)
                publish(folder, RESULT, text.encode())
                return None
        if len(text.encode()) > _ROOM:
            bare = [phrase.model_copy(update={"words": None}) for phrase in result.phrases]
            result = result.model_copy(update={"phrases": bare})
            if len(result.model_dump_json(exclude_none=True).encode()) > _ROOM:
                raise failures.result_too_large()
        return result.model_dump(mode="json", exclude_none=True)


def _phrases(track: int, heard: Heard) -> list[dict[str, Any]]:
    return [
        {
            "track": track,
            "start": segment.start,
            "end": segment.end,
            "text": segment.text,
            "words": [asdict(word) for word in segment.words] or None,
        }
        for segment in heard.segments
    ]


def _code(language: str | None) -> str | None:
    """`en` of `en-US`; None when the engine shall find out."""
    return (language or "").replace("_", "-").partition("-")[0].lower() or None


def _language(heard: Sequence[Heard]) -> str:
    """The one in which most phrases were said."""
    said = [one.language for one in heard for _ in one.segments]
    return max(said, key=said.count, default=next((one.language for one in heard), ""))
