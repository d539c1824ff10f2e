"""A deterministic engine for tests and for the bench: no model, a speed, a script, failures.

Without a script it "hears" 2.5 numbered words per second of speech. Its failures are told apart
by `fail`: "" (none), "retryable", "final", "once" (the first call only), "after:SECONDS".
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from engines.errors import EngineError, gettext_noop
from engines.stt.base import Capabilities, Heard, Segment, Word, as_int16
from engines.vad import Region

_WORDS_PER_SECOND = 2.5
_SLICE_S = 0.05


def fingerprint(pcm: np.ndarray) -> str:
    """The name of a track in a script: the first 12 digits of the SHA-256 of its int16 samples."""
    return hashlib.sha256(as_int16(pcm).tobytes()).hexdigest()[:12]


class Fake:
    """`speed`: times real time (sleeps; 0 does not sleep). `script`: fingerprint to its text."""

    name = "fake"
    capabilities = Capabilities(
        languages=None, leaves_premises=False, word_times=True, hotwords=True, detects_language=True
    )

    def __init__(
        self,
        *,
        fake_speed: float = 0.0,
        fake_script: Mapping[str, str] | None = None,
        fake_fail: str = "",
    ) -> None:
        self.speed, self.script, self.fail = fake_speed, dict(fake_script or {}), fake_fail
        self.calls = 0
        self.heard_s = 0.0

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
        self.calls += 1
        spoken = language or "en"
        words = self._words(pcm, sum(region.seconds for region in regions))
        segments: list[Segment] = []
        done = 0.0
        for region in regions:
            check()
            self._fail(done)
            self._work(region.seconds, check)
            count = round(region.seconds * _WORDS_PER_SECOND) or 1
            said, words = words[:count], words[count:]
            if region is regions[-1]:
                said += words
            segments.extend(_spread(said, region, spoken))
            done += region.seconds
            self.heard_s += region.seconds
            on_progress(done)
        return Heard(language=spoken, segments=tuple(segments), engine="fake")

    def _words(self, pcm: np.ndarray, speech_s: float) -> list[str]:
        if self.script:
            return self.script.get(fingerprint(pcm), "").split()
        return [f"word{number}" for number in range(1, int(speech_s * _WORDS_PER_SECOND) + 2)]

    def _work(self, seconds: float, check: Callable[[], None]) -> None:
        until = time.monotonic() + (seconds / self.speed if self.speed else 0.0)
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_S))
            check()

    def _fail(self, done_s: float) -> None:
        after = float(self.fail.removeprefix("after:")) if self.fail.startswith("after:") else None
        once = self.fail == "once" and self.calls == 1
        if once or self.fail in ("retryable", "final") or (after is not None and done_s >= after):
            raise EngineError(
                "fake_failure",
                gettext_noop("The stand-in engine was told to fail."),
                retryable=self.fail != "final",
            )


def _spread(said: Sequence[str], region: Region, language: str) -> list[Segment]:
    if not said:
        return []
    step = region.seconds / len(said)
    words = tuple(
        Word(
            word=word,
            start=round(region.start + index * step, 3),
            end=round(region.start + (index + 1) * step, 3),
            confidence=1.0,
        )
        for index, word in enumerate(said)
    )
    return [Segment(words[0].start, words[-1].end, " ".join(said), words, 1.0, language)]
