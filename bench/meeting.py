"""Ten tracks of one hour with one hour of speech in all: what the engine is given to hear.

The tracks hold lines of the shipped meeting, each with its own silence about it.
"""

from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench import rows, sound
from bench.ground import folder
from bench.row import Row
from bench.timing import seconds
from engines import vad
from engines.stt.registry import get_transcriber
from recordings import services, tasks
from recordings.choices import Queue
from recordings.models import Recording, StepRun

TRACKS, HOUR, GOAL = 10, 3600, 1.1


def run() -> list[Row]:
    files, turns = _files()
    recording, _created = services.receive(
        rows.user(), [services.IncomingFile(path, path.name) for path in files], process=False
    )
    took = seconds(lambda: _whole(recording))
    engine = get_transcriber("counting")
    heard = engine.heard_s  # type: ignore[attr-defined]
    ratio = heard / turns.seconds
    return [
        Row(
            f"{TRACKS} tracks of 1 h: seconds heard",
            f"{heard:.0f} s",
            f"{turns.seconds:.0f} s",
            f"{ratio:.3f}",
            f"<= {GOAL}",
            f"turns of {turns.seconds / turns.count:.1f} s, 0.3 s before and after each:"
            " without it the word error rate doubles",
            ratio <= GOAL,
        ),
        _longer_turns(),
        Row(
            f"{TRACKS} tracks of 1 h: all but the engine",
            f"{took:.1f} s",
            "",
            "",
            "",
            f"decoding and VAD {_taken(recording, 'Prepare'):.1f} s, "
            f"assembly {_taken(recording, 'Assemble'):.1f} s; FLAC, one process",
        ),
    ]


class _Turns(NamedTuple):
    """What was put into the tracks."""

    seconds: float
    count: int


def _longer_turns() -> Row:
    """What is heard of one track where a turn is three lines."""
    lines = sound.spoken_lines()
    pieces = [np.concatenate(lines[at : at + 3]) for at in range(0, len(lines), 3)]
    speech = sum(map(len, pieces)) / sound.RATE
    regions = vad.speech_regions(sound.spread(pieces, 12 * speech))
    heard = sum(region.seconds for region in regions)
    return Row(
        "the same with turns of three lines",
        f"{heard:.0f} s",
        f"{speech:.0f} s",
        f"{heard / speech:.3f}",
        f"<= {GOAL}",
        f"one track; turns of {speech / len(pieces):.1f} s",
        heard / speech <= GOAL,
    )


def _files() -> tuple[list[Path], _Turns]:
    lines = cycle(sound.spoken_lines())
    files, speech, count = [], 0.0, 0
    for track in range(TRACKS):
        pieces: list[np.ndarray] = []
        while sum(map(len, pieces)) < HOUR / TRACKS * sound.RATE:
            pieces.append(next(lines))
        speech += sum(map(len, pieces)) / sound.RATE
        count += len(pieces)
        whole = sound.spread(pieces, HOUR)
        files.append(sound.write(folder() / f"track{track}.flac", whole, codec="flac"))
    return files, _Turns(speech, count)


def _whole(recording: Recording) -> None:
    services.process(recording, pipeline="transcribe", params={"engine": "counting"})
    while recording.status == "processing":
        for queue in Queue.values:
            tasks.drain(queue)
        recording.refresh_from_db(fields=["status"])
    assert recording.status == "done", recording.error


def _taken(recording: Recording, step: str) -> float:
    rows = StepRun.objects.filter(recording=recording, step__endswith=step)
    return sum((row.finished_at - row.started_at).total_seconds() for row in rows)
