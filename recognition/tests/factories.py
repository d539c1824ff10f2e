"""Transcripts for tests, made the short way."""

from collections.abc import Sequence

from recognition import versions
from recognition.assembly.values import Line, Word
from recognition.models import Transcript
from recordings.models import Recording


def line(track: int, speaker: str, start: float, text: str, **fields: object) -> Line:
    """A line of half a second per word."""
    words = tuple(
        Word(word, start + index / 2, start + index / 2 + 0.4, 0.9)
        for index, word in enumerate(text.split())
    )
    end = words[-1].end if words else start
    return Line(track, speaker, start, end, text, words, **fields)  # type: ignore[arg-type]


def transcript(recording: Recording, said: Sequence[tuple[str, str]]) -> Transcript:
    """A version with these (speaker, text) lines, four seconds apart."""
    track = recording.tracks.first()
    assert track
    lines = [
        line(track.pk, speaker, index * 4.0, text) for index, (speaker, text) in enumerate(said)
    ]
    return versions.write(recording, run=None, lines=lines, engine="test", language="ru")
