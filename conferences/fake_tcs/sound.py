"""Sound files as a server keeps them: the sample meeting, any folder, tiny tones for load."""

import functools
import hashlib
import io
import math
import struct
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SAMPLE_FOLDER = Path(__file__).resolve().parents[2] / "samples" / "meeting"
MEDIA_TYPES = {
    ".opus": "audio/ogg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".webm": "audio/webm",
}
MIXED = "mixed"
OPUS_RATE = 48_000
TINY_RATE = 8_000


@dataclass(frozen=True)
class Sound:
    """One file: held in memory, or read from `path` when asked for."""

    name: str
    seconds: float
    data: bytes = b""
    path: Path | None = None

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path else len(self.data)

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES.get(Path(self.name).suffix.lower(), "application/octet-stream")

    @property
    def sha256(self) -> str:
        return _digest(self.path, self.data)

    def read(self, start: int, length: int) -> bytes:
        if self.path is None:
            return self.data[start : start + length]
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(length)


@functools.lru_cache(maxsize=8192)
def _digest(path: Path | None, data: bytes) -> str:
    return hashlib.sha256(path.read_bytes() if path else data).hexdigest()


def load(path: Path) -> Sound:
    """A file of the disk; its bytes stay there."""
    return Sound(name=path.name, seconds=_seconds_of(path), path=path)


@functools.lru_cache(maxsize=16)
def folder(path: Path) -> dict[str, Sound]:
    """Name without its suffix -> sound, of every sound file in the folder; `mixed.*` is left out.

    Raises ValueError where there is none.
    """
    found = sorted(file for file in path.glob("*") if file.suffix.lower() in MEDIA_TYPES)
    sounds = {file.stem: load(file) for file in found if file.stem != MIXED}
    if not sounds:
        endings = ", ".join(sorted(MEDIA_TYPES))
        raise ValueError(f"There are no sound files ({endings}) in {path}.")
    return sounds


def sample() -> dict[str, Sound]:
    """The shipped meeting: alice, boris and clara."""
    return folder(SAMPLE_FOLDER)


def mixed() -> Sound:
    """The shipped meeting as one file."""
    return _mixed()


@functools.lru_cache(maxsize=1)
def _mixed() -> Sound:
    return load(SAMPLE_FOLDER / "mixed.opus")


@functools.lru_cache(maxsize=4096)
def tone(number: int, seconds: float = 0.1) -> Sound:
    """A tiny WAV; each number has bytes of its own, as two files of a server never are the same."""
    count = int(seconds * TINY_RATE)
    step = 2 * math.pi * (200 + number % 600) / TINY_RATE
    values = [int(8_000 * math.sin(step * at)) for at in range(count)]
    values[:4] = [number >> shift & 0x7FFF for shift in (0, 15, 30, 45)]
    return Sound(f"tone-{number}.wav", count / TINY_RATE, data=_wav(values, TINY_RATE))


def _wav(values: Iterable[int], rate: int) -> bytes:
    frames = list(values)
    return _wav_of_bytes(struct.pack(f"<{len(frames)}h", *frames), rate)


def _wav_of_bytes(frames: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(frames)
    return file.getvalue()


@functools.lru_cache(maxsize=64)
def cut(sound: Sound, parts: int) -> tuple[Sound, ...]:
    """The same sound as several WAV files of equal length: a call that broke and went on."""
    import av

    rate = 16_000
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    pcm = bytearray()
    with av.open(io.BytesIO(sound.read(0, sound.size)), "r") as container:
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                pcm += part.to_ndarray().tobytes()
    step = math.ceil(len(pcm) / 2 / parts) * 2
    stem = Path(sound.name).stem
    return tuple(
        Sound(
            name=f"{stem}-{number + 1}.wav",
            seconds=len(pcm[number * step : (number + 1) * step]) / 2 / rate,
            data=_wav_of_bytes(bytes(pcm[number * step : (number + 1) * step]), rate),
        )
        for number in range(parts)
    )


def _seconds_of(path: Path) -> float:
    if path.suffix.lower() == ".wav":
        with wave.open(str(path), "rb") as reader:
            return reader.getnframes() / reader.getframerate()
    if path.suffix.lower() == ".opus":
        return _opus_seconds(path.read_bytes())
    import av

    with av.open(str(path)) as container:
        return float(container.duration or 0) / 1_000_000


def _opus_seconds(data: bytes) -> float:
    """The granule of the last Ogg page, less the pre-skip of the header (RFC 7845)."""
    last = data.rfind(b"OggS")
    granule = int.from_bytes(data[last + 6 : last + 14], "little")
    head = data.find(b"OpusHead")
    skip = int.from_bytes(data[head + 10 : head + 12], "little")
    return max(0, granule - skip) / OPUS_RATE
