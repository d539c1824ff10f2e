"""Makes the sound files of the tests: nothing is taken from the disk or the network."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 16_000
KINDS = {
    "mp3": ("mp3", "libmp3lame"),
    "opus": ("ogg", "libopus"),
    "flac": ("flac", "flac"),
    "ogg-flac": ("ogg", "flac"),
    "m4a": ("mp4", "aac"),
    "mov": ("mov", "pcm_s16le"),
    "mkv": ("matroska", "flac"),
    "webm": ("webm", "libopus"),
    "adts": ("adts", "aac"),
    "wav": ("wav", "pcm_s16le"),
    "wav-float": ("wav", "pcm_f32le"),
    "wav-alaw": ("wav", "pcm_alaw"),
    "wav-mulaw": ("wav", "pcm_mulaw"),
    "w64": ("w64", "pcm_s16le"),
    "aiff": ("aiff", "pcm_s16be"),
}


def tone(seconds: float, hz: float = 440.0, *, rate: int = RATE, channels: int = 1) -> np.ndarray:
    """int16, shape (n,) or (n, channels); each channel an octave above the one before."""
    at = np.arange(int(seconds * rate)) / rate
    voices = [np.sin(2 * np.pi * hz * 2**channel * at) for channel in range(channels)]
    samples = (np.stack(voices, axis=1) * 12_000).astype(np.int16)
    return samples[:, 0] if channels == 1 else samples


def write(path: Path, samples: np.ndarray, kind: str, *, rate: int = RATE, **options: str) -> Path:
    """Encode int16 samples with PyAV into the container and codec of `kind`."""
    container_name, codec = KINDS[kind]
    rows = samples.reshape(len(samples), -1)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[rows.shape[1]]
    with av.open(str(path), "w", format=container_name, options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.codec_context.layout = layout
        resampler = av.AudioResampler(
            format=stream.codec_context.format or "s16", layout=layout, rate=rate
        )
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(rows.reshape(1, -1)), format="s16", layout=layout
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        fifo = av.AudioFifo()
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            fifo.write(part)
        size = stream.codec_context.frame_size or 1024
        while fifo.samples:
            container.mux(stream.encode(fifo.read(size, partial=True)))
        container.mux(stream.encode(None))
    return path


def hears(pcm: np.ndarray, hz: float) -> bool:
    """Whether a tone of that height is the loudest thing in the middle of the sound."""
    middle = pcm[len(pcm) // 4 : 3 * len(pcm) // 4].astype(float)
    if len(middle) < 100 or not middle.any():
        return False
    spectrum = np.abs(np.fft.rfft(middle))
    loudest = float(np.argmax(spectrum)) * RATE / len(middle)
    return abs(loudest - hz) < 15
