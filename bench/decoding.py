"""Decoding a file of four hours with all our checks, against `faster_whisper.decode_audio`.

Each runs in a process of its own; its memory is the largest of it and of what it started. Ours
judges the bytes, decodes in a confined child, writes a file and looks for the peak.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

import psutil

from bench.row import Row
from bench.timing import alternate, middle_ratio

MINUTES, TIMES, ROUNDS, GOAL = 10, 24, 2, 0.85


def run() -> list[Row]:
    from bench import sound
    from bench.ground import folder

    pcm = sound.repeated(sound.sample("mixed"), MINUTES * 60)
    mp3 = sound.write(folder() / "short.mp3", pcm, codec="libmp3lame", rate=44_100, stereo=True,
                      bitrate=96_000)  # fmt: skip
    opus = sound.write(folder() / "short.opus", pcm, codec="libopus", bitrate=24_000)
    found: list[Row] = []
    for what, path in (("MP3 96k stereo 44.1 kHz", mp3), ("Opus 24k mono", opus)):
        long = sound.lengthen(path, folder() / f"long{path.suffix}", TIMES)
        found += _rows(what, long)
        long.unlink()
    return found


def _rows(what: str, path: Path) -> list[Row]:
    memory: dict[str, float] = {}

    def take(who: str) -> float:
        took, peak = _run(who, path)
        memory[who] = max(memory.get(who, 0), peak)
        return took

    ours, peer = alternate(lambda: take("ours"), lambda: take("peer"), rounds=ROUNDS)
    ratio = middle_ratio(peer, ours)
    return [
        Row(
            f"decode 4 h: {what}",
            f"{median(ours):.1f} s",
            f"{median(peer):.1f} s",
            f"{ratio:.2f}",
            f">= {GOAL}",
            f"speed of ours / faster_whisper.decode_audio, {ROUNDS} rounds each",
            ratio >= GOAL,
        ),
        Row(
            f"decode 4 h: memory, {what}",
            f"{memory['ours']:.0f} MiB",
            f"{memory['peer']:.0f} MiB",
            f"{memory['ours'] / memory['peer']:.2f}",
            "",
            "peak resident size; ours: the confined child",
        ),
    ]


def _run(who: str, path: Path) -> tuple[float, float]:
    """Seconds, and MiB of the process that decodes."""
    command = [sys.executable, "-m", "bench.decoding", who, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return found["seconds"], found["mib"]


class _Memory:
    """Watches this process's children, or itself where it has none."""

    def __init__(self, *, children: bool) -> None:
        self.children, self.peak, self.ended = children, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        own = psutil.Process()
        while not self.ended.wait(0.05):
            for process in own.children(recursive=True) if self.children else [own]:
                self.peak = max(self.peak, _high_water(process.pid))

    def __enter__(self) -> "_Memory":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()


def _high_water(pid: int) -> float:
    """MiB; 0 for a process that has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _decode(who: str, path: Path) -> dict[str, float]:
    """In the child: modules are loaded and warm before the clock starts."""
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        if who == "ours":
            from engines.media import reading

            reading.inspect(path)

            def work() -> object:
                return reading.decode(path, Path(scratch) / "out.s16")
        else:
            from faster_whisper.audio import decode_audio

            def work() -> object:
                return decode_audio(str(path))

        with _Memory(children=who == "ours") as memory:
            begun = time.perf_counter()
            work()
            took = time.perf_counter() - begun
    return {"seconds": took, "mib": memory.peak}


if __name__ == "__main__":
    print(json.dumps(_decode(sys.argv[1], Path(sys.argv[2]))))
