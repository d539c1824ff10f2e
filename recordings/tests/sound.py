"""Small sound files for tests."""

import math
import struct
import wave
from pathlib import Path


def wav(
    path: Path, *, seconds: float = 1, pitch: float = 440, rate: int = 8000, channels: int = 1
) -> Path:
    """A tone; another pitch makes other bytes."""
    frames = int(seconds * rate)
    samples = (int(9000 * math.sin(2 * math.pi * pitch * n / rate)) for n in range(frames))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", one) * channels for one in samples))
    return path


def wav_bytes(folder: Path, **kinds: float) -> bytes:
    path = wav(folder / "made.wav", **kinds)
    try:
        return path.read_bytes()
    finally:
        path.unlink()
