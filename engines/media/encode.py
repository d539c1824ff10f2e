"""Our own PCM into a file that people and programs can play: Opus in Ogg, MP3 or WAV.

The input is trusted (we made it), so this runs in the caller's process. Input everywhere: raw
s16le, mono.
"""

import wave
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import av
import numpy as np

from engines.media.base import RATE

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

PlayableFormat = Literal["opus", "mp3", "wav"]

_CHUNK = 1 << 19
_CODECS = {"opus": ("ogg", "libopus", 24_000), "mp3": ("mp3", "libmp3lame", 48_000)}


def encode(
    pcm: Path,
    out: Path,
    *,
    format: PlayableFormat = "opus",
    bitrate: int | None = None,
    rate: int = RATE,
) -> None:
    """Encode a raw file; `out` appears whole or not at all. `bitrate` in bit/s (opus 24k, mp3 48k).

    Opus at 24 kbit/s costs recognition nothing (measured). `rate` is the input's, in Hz; libopus
    takes 8, 12, 16, 24 and 48 kHz only.
    """
    part = out.with_name(out.name + ".part")
    try:
        if format == "wav":
            write_wav(part, np.memmap(pcm, np.dtype("<i2"), mode="r"), rate=rate)
        else:
            _compress(pcm, part, format, bitrate, rate)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def write_wav(out: Path, samples: np.ndarray, *, rate: int = RATE) -> None:
    """Write int16 or float32 (-1 to 1) samples; shape (n,) mono or (n, channels)."""
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with wave.open(str(out), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        for at in range(0, len(samples), _CHUNK):
            file.writeframes(_as_int16(samples[at : at + _CHUNK]).tobytes())


def _as_int16(samples: np.ndarray) -> np.ndarray:
    if samples.dtype == np.int16:
        return samples
    return np.clip(samples * 32768.0, -32768, 32767).astype("<i2")


def _compress(pcm: Path, out: Path, format: PlayableFormat, bitrate: int | None, rate: int) -> None:
    container_name, codec, usual = _CODECS[format]
    with av.open(str(out), "w", format=container_name) as container, pcm.open("rb") as file:
        stream = cast("AudioStream", container.add_stream(codec, rate=rate))
        stream.bit_rate = bitrate or usual
        stream.codec_context.layout = "mono"
        stream.codec_context.time_base = Fraction(1, rate)
        at = 0
        while chunk := file.read(2 * _CHUNK):
            samples = np.frombuffer(chunk, "<i2").reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate, at
            frame.time_base = Fraction(1, rate)
            at += samples.shape[1]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
