"""Make the shipped sample: a meeting of three people, one track each and one mixed file.

The voices are Debian's flite (``apt-get install flite``); nothing else is needed at run time,
because what this script makes is kept in the repository. Run it as
``python samples/make_meeting.py``; it writes into ``samples/meeting/``.
"""

import json
import math
import re
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000
BIT_RATE = 24_000
FOLDER = Path(__file__).parent / "meeting"
TITLE = "Product meeting"

Sound = NDArray[np.int16]


@dataclass(frozen=True)
class Voice:
    """One flite voice; ``settings`` are its features, ``gain`` brings it to the others' level."""

    name: str
    settings: tuple[str, ...] = ()
    gain: float = 1.0


VOICES = {
    "Alice": Voice("awb", ("int_f0_target_mean=170",)),
    "Boris": Voice("rms", gain=1.3),
    "Clara": Voice("slt", gain=0.75),
}


def read_script() -> list[tuple[str, str, float]]:
    """Return speaker, words and the seconds of silence before them, line by line.

    The words were chosen after measuring what a small model recognises well in these voices.
    """
    lines = (FOLDER.parent / "script.txt").read_text(encoding="utf-8").splitlines()
    parts = [re.fullmatch(r"([\d.]+) (\w+): (.+)", line) for line in lines]
    return [(part[2], part[3], float(part[1])) for part in parts if part]


def speak(voice: Voice, text: str) -> Sound:
    """Let flite say the text; int16 at 16 kHz, silence at both ends cut away."""
    settings = [part for setting in voice.settings for part in ("--setf", setting)]
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["flite", "-voice", voice.name, *settings, "-t", text, "-o", file.name]
        subprocess.run(command, check=True)
        with wave.open(file.name) as spoken:
            if spoken.getframerate() != RATE:
                raise SystemExit(f"The voice {voice.name} does not speak at {RATE} Hz.")
            sound = np.frombuffer(spoken.readframes(spoken.getnframes()), dtype=np.int16)
    loud = np.flatnonzero(np.abs(sound.astype(np.int32)) > 200)
    return (sound[loud[0] : loud[-1] + 1] * voice.gain).astype(np.int16)


def write_opus(sound: Sound, path: Path) -> None:
    """Encode to Ogg Opus, mono, 24 kbit/s; the same sound gives the same bytes."""
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=RATE, options={"application": "voip"})
        stream.bit_rate = BIT_RATE
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(sound[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def place() -> tuple[list[dict[str, object]], dict[str, list[tuple[int, Sound]]], int]:
    """Say every line after the one before; return the gold lines, the pieces and the length."""
    lines: list[dict[str, object]] = []
    pieces: dict[str, list[tuple[int, Sound]]] = {name: [] for name in VOICES}
    now = 0
    for speaker, text, pause in read_script():
        now += int(pause * RATE)
        sound = speak(VOICES[speaker], text)
        pieces[speaker].append((now, sound))
        start, end = now / RATE, (now + len(sound)) / RATE
        lines.append(
            {"speaker": speaker, "start": round(start, 3), "end": round(end, 3), "text": text}
        )
        now += len(sound)
    return lines, pieces, math.ceil((now / RATE + 0.5) * 10) * RATE // 10


def main() -> None:
    """Write the tracks, the mixed file and the gold text."""
    FOLDER.mkdir(exist_ok=True)
    lines, pieces, length = place()
    mixed = np.zeros(length, dtype=np.int16)
    for speaker, spoken in pieces.items():
        track = np.zeros(length, dtype=np.int16)
        for start, sound in spoken:
            track[start : start + len(sound)] += sound
        write_opus(track, FOLDER / f"{speaker.lower()}.opus")
        mixed += track
    write_opus(mixed, FOLDER / "mixed.opus")
    gold = {"title": TITLE, "language": "en", "duration": length / RATE, "lines": lines}
    text = json.dumps(gold, indent=1, ensure_ascii=False) + "\n"
    (FOLDER / "gold.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
