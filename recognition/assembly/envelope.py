"""How loud a track is over time, small enough to store: four bands of speech every 20 ms.

An hour of speech takes about half a megabyte, an hour of silence almost nothing.
"""

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
HOP = 320
HOP_SECONDS = HOP / RATE
WINDOW = 512
# Hertz. Below 250 Hz small loudspeakers are mute; above 3,800 Hz telephones are.
BAND_EDGES = (250, 700, 1400, 2400, 3800)
BANDS = len(BAND_EDGES) - 1

# A stored value v stands for v / 2 - 110 decibels below full scale; 0 is silence.
STEPS_PER_DECIBEL = 2
FLOOR_DECIBEL = -110.0

_CHUNK = 3000
_BINS = np.array([round(edge * WINDOW / RATE) for edge in BAND_EDGES])
_TAPER = np.hanning(WINDOW).astype(np.float32)

Envelope = NDArray[np.uint8]


def measure(pcm: NDArray[np.int16] | NDArray[np.float32]) -> Envelope:
    """Return uint8 of shape (frames, 4) for mono sound at 16 kHz: int16, or float32 in -1..1.

    Takes about 0.6 s for an hour and a few MB besides the sound itself.
    """
    frames = -(-len(pcm) // HOP)
    measured = np.zeros((frames, BANDS), np.uint8)
    for first, sound in _chunks(pcm):
        if sound.any():
            windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
            measured[first : first + len(windows)] = _band_levels(windows)
    return measured


def _chunks(
    pcm: NDArray[np.int16] | NDArray[np.float32],
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Give a minute at a time: its first frame and its sound, padded to whole windows."""
    scale = np.float32(1 / 32768 if pcm.dtype == np.int16 else 1.0)
    for begin in range(0, len(pcm), _CHUNK * HOP):
        frames = min(_CHUNK, -(-(len(pcm) - begin) // HOP))
        sound = np.zeros((frames - 1) * HOP + WINDOW, np.float32)
        piece = pcm[begin : begin + len(sound)]
        sound[: len(piece)] = piece * scale
        yield begin // HOP, sound


def _band_levels(windows: NDArray[np.float32]) -> Envelope:
    spectrum = np.fft.rfft(windows * _TAPER, axis=1)[:, _BINS[0] : _BINS[-1]]
    power = spectrum.real**2 + spectrum.imag**2
    bands = np.add.reduceat(power, _BINS[:-1] - _BINS[0], axis=1)
    # A full-scale sine gives 0 decibels.
    decibel = 10 * np.log10(bands / (WINDOW / 4) ** 2 + 1e-12)
    return np.clip((decibel - FLOOR_DECIBEL) * STEPS_PER_DECIBEL, 0, 255).astype(np.uint8)


def pack(envelope: Envelope) -> bytes:
    """Return the envelope as bytes to store."""
    return zlib.compress(np.ascontiguousarray(envelope.T).tobytes(), level=1)


def unpack(stored: bytes) -> Envelope | None:
    """Undo `pack`; None for empty bytes. Raises ValueError for bytes that are no envelope."""
    if not stored:
        return None
    try:
        flat = np.frombuffer(zlib.decompress(stored), np.uint8)
        return np.ascontiguousarray(flat.reshape(BANDS, -1).T)
    except zlib.error as error:
        raise ValueError("these bytes are no stored envelope") from error
