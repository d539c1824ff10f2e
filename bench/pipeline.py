"""The whole journey of one file, process() to done, against decode + VAD + engine in one process.

The engine only takes time: 200 x real time. Intake is not part of it: a file that came in has been
judged, stored and hashed before. A short file tells the fixed cost apart.
"""

from pathlib import Path
from statistics import median

from faster_whisper.audio import decode_audio

from bench import rows, sound
from bench.ground import folder
from bench.row import Row
from bench.steps import SPEED, Paced
from bench.timing import alternate, middle_ratio, seconds
from engines import vad
from recordings import services, tasks
from recordings.choices import Queue
from recordings.models import Recording

LONG_S, SHORT_S, ROUNDS, GOAL = 600, 10, 3, 1.05


def run() -> list[Row]:
    tasks.hints.wake("cpu")  # the thread that sends hints is warm
    return [*_rows(LONG_S, GOAL), *_rows(SHORT_S, None)]


def _rows(length: int, goal: float | None) -> list[Row]:
    pcm = sound.repeated(sound.sample("mixed"), length)
    path = sound.write(folder() / f"{length}.opus", pcm, codec="libopus", bitrate=24_000)
    recording, _created = services.receive(
        rows.user(), [services.IncomingFile(path, path.name)], language="en", process=False
    )
    return [
        _row(length, recording, path, pipeline, goal if pipeline == "transcribe" else None)
        for pipeline in ("transcribe", "upload")
    ]


def _row(length: int, recording: Recording, path: Path, pipeline: str, goal: float | None) -> Row:
    def ours() -> float:
        return seconds(lambda: _whole(recording, pipeline))

    def peer() -> float:
        return seconds(lambda: _bare(path))

    ours(), peer()  # models and child processes are warm
    own, other = alternate(ours, peer, rounds=ROUNDS)
    ratio = middle_ratio(own, other)
    return Row(
        f"pipeline {pipeline!r}: {length} s of sound",
        f"{median(own):.2f} s",
        f"{median(other):.2f} s",
        f"{ratio:.3f}",
        f"<= {goal}" if goal else "",
        f"{median(own) - median(other):+.2f} s; engine {SPEED:.0f} x real time, {ROUNDS} rounds"
        + ("; with summary" if pipeline == "upload" else ""),
        ratio <= goal if goal else None,
    )


def _whole(recording: Recording, pipeline: str) -> None:
    services.process(recording, pipeline=pipeline, params={"engine": "paced"})
    while recording.status == "processing":
        for queue in Queue.values:
            tasks.drain(queue)
        recording.refresh_from_db(fields=["status"])
    assert recording.status == "done", recording.error


def _bare(path: Path) -> None:
    pcm = decode_audio(str(path))
    Paced().transcribe(
        pcm,
        regions=vad.speech_regions(pcm),
        language="en",
        on_progress=lambda _: None,
        check=lambda: None,
    )
