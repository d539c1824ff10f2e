"""Results as engines bring them: read with bounds, and checked before anything is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from engines import protocol
from engines.protocol import BadMessage, Result, ResultPhrase, TranscriptionResult
from recognition.gateway.exchange import Unsafe, find
from recordings.models import Track

MOST_BYTES = 64 << 20
"""Of a `result.json`."""
MOST_PHRASES = 200_000
SLACK_SECONDS = 0.5
"""Engines count in frames: an end may lie this far behind the track's, and is then drawn in."""


class BadResult(Exception):
    """A result that is not taken in; says why, without a word of what was said in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Read:
    """A checked result, and its bytes as they came."""

    result: Result
    raw: bytes


def read(
    kind: str,
    inline: dict[str, Any] | None,
    *,
    request: int,
    attempt: int,
    tracks: Sequence[Track],
) -> Read:
    """The result that came inline, or stands in the engine's folder. Raises BadResult."""
    if inline is not None:
        try:
            raw = orjson.dumps(inline)
        except orjson.JSONEncodeError:
            raise BadResult("text that is not Unicode") from None
        return Read(check(kind, raw, tracks), raw)
    if (exchange := find()) is None:
        raise BadResult("no result in the message, and no folder is shared")
    try:
        with exchange.open_result(request, attempt) as file:
            raw = _bounded(file)
    except FileNotFoundError:
        raise BadResult("no result in the message and no result.json in result_dir") from None
    except (Unsafe, OSError):
        raise BadResult("result.json is not a plain file of result_dir") from None
    return Read(check(kind, raw, tracks), raw)


def _bounded(file: BinaryIO) -> bytes:
    raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise BadResult(f"result.json is larger than {MOST_BYTES} bytes")
    return raw


def check(kind: str, raw: bytes, tracks: Sequence[Track]) -> Result:
    """Of the right shape, about sound that was offered, inside its time. Raises BadResult."""
    try:
        result = protocol.read_result(kind, raw)
    except BadMessage as error:
        raise BadResult(str(error)[:500]) from None
    if isinstance(result, TranscriptionResult):
        return _check_phrases(result, tracks)
    return result


def _check_phrases(result: TranscriptionResult, tracks: Sequence[Track]) -> TranscriptionResult:
    if len(result.phrases) > MOST_PHRASES:
        raise BadResult(f"more than {MOST_PHRASES} phrases")
    ends = {track.pk: track.duration for track in tracks}
    checked = [_inside(number, phrase, ends) for number, phrase in enumerate(result.phrases)]
    said = [phrase for phrase in checked if phrase.text.strip()]
    said.sort(key=lambda phrase: (phrase.track, phrase.start))
    return result.model_copy(update={"phrases": said})


def _inside(number: int, phrase: ResultPhrase, ends: dict[int, float]) -> ResultPhrase:
    """The phrase, its times drawn in to the track's end."""
    end = ends.get(phrase.track)
    where = f"phrases.{number}"
    if end is None:
        raise BadResult(f"{where}.track: not one of the offered files")
    if _latest(phrase) > end + SLACK_SECONDS:
        raise BadResult(f"{where}: it ends after the file, which has {end:.2f} s")
    if _latest(phrase) <= end:
        return phrase
    words = [
        word.model_copy(update={"start": min(word.start, end), "end": min(word.end, end)})
        for word in phrase.words or ()
    ]
    times = {"start": min(phrase.start, end), "end": min(phrase.end, end)}
    return phrase.model_copy(update={**times, "words": words or None})


def _latest(phrase: ResultPhrase) -> float:
    return max(_ends(phrase))


def _ends(phrase: ResultPhrase) -> Iterable[float]:
    yield phrase.end
    for word in phrase.words or ():
        yield word.end
