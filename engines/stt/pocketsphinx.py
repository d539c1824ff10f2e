"""PocketSphinx: English, its model lies in the wheel, works anywhere without a download.

It holds the GIL while it decodes, so it lives in its own process (`pocketsphinx_process`): leases
are renewed, sockets answered and a cancel is a kill. 0.12 to 0.15 x real time of speech.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from engines.errors import EngineError, EngineUnavailable, gettext_noop
from engines.stt.base import Capabilities, Heard, Segment, Word, as_int16, mean_confidence
from engines.stt.windows import cut, phrases, split
from engines.vad import Region

_ROOT = str(Path(__file__).resolve().parents[2])
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from engines.stt.pocketsphinx_process import main; main()"
)
_LONGEST_S = 20.0
_TICK_S = 0.1
_LIMIT_S = 300.0


class PocketSphinx:
    """Region by region, each as one whole utterance (fed in parts the error rate doubles)."""

    name = "pocketsphinx"
    capabilities = Capabilities(
        languages=frozenset({"en"}),
        leaves_premises=False,
        word_times=True,
        hotwords=False,
        detects_language=False,
    )

    def __init__(self, *, sphinx_lm: str = "", sphinx_dictionary: str = "") -> None:
        """A domain's own language model and dictionary make it four times better and faster."""
        model = {"lm": sphinx_lm, "dict": sphinx_dictionary}
        self._model = {key: value for key, value in model.items() if value}
        self.forget()
        os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        """After a fork: the decoder belongs to the parent."""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

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
        if language not in (None, "en"):
            raise speaks_english_only(language)
        segments: list[Segment] = []
        done = 0.0
        with self._lock:
            for piece in split(pcm, regions, longest_s=_LONGEST_S):
                check()
                words = self._hear(as_int16(cut(pcm, piece)), piece, check)
                segments.extend(_segment(phrase) for phrase in phrases(words))
                done += piece.seconds
                on_progress(done)
        return Heard(language="en", segments=tuple(segments), engine="pocketsphinx en-us")

    def _hear(self, sound: np.ndarray, piece: Region, check: Callable[[], None]) -> list[Word]:
        answer = self._ask(sound.astype("<i2").tobytes(), check)
        return [
            Word(
                word=word,
                start=round(min(piece.start + start, piece.end), 3),
                end=round(min(piece.start + end, piece.end), 3),
                confidence=round(min(max(probability, 0.0), 1.0), 3),
            )
            for word, start, end, probability in answer
        ]

    def _ask(self, sound: bytes, check: Callable[[], None]) -> list[Any]:
        process = self._process or self._start()
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(len(sound).to_bytes(4, "little") + sound)
            process.stdin.flush()
            line = _wait_for_line(process.stdout, check)
        except BrokenPipeError:
            line = b""
        except BaseException:
            self._stop()
            raise
        if not line:
            self._stop()
            raise EngineError(
                "engine_lost",
                gettext_noop("The process that recognises was stopped from outside."),
                retryable=True,
                next_action=gettext_noop("Try again."),
            )
        return json.loads(line)

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _BOOT, _ROOT, json.dumps(self._model)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"LANG": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
        )
        return self._process

    def _stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _wait_for_line(answers: IO[bytes], check: Callable[[], None]) -> bytes:
    """The answer, or nothing where the process is gone or stuck; asks `check` meanwhile."""
    until = time.monotonic() + _LIMIT_S
    while not select.select([answers], [], [], _TICK_S)[0]:
        check()
        if time.monotonic() > until:
            return b""
    return answers.readline()


def speaks_english_only(language: str | None) -> EngineUnavailable:
    return EngineUnavailable(
        "language_not_supported",
        gettext_noop("PocketSphinx knows English only, not %(language)s."),
        retryable=False,
        next_action=gettext_noop("Run: python manage.py models download small"),
        language=str(language),
    )


def _segment(words: tuple[Word, ...]) -> Segment:
    return Segment(
        start=words[0].start,
        end=words[-1].end,
        text=" ".join(word.word for word in words),
        words=words,
        confidence=mean_confidence(words),
        language="en",
    )
