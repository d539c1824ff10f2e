"""Plain values of the media room: limits, what a file is, what came out of it."""

from dataclasses import dataclass
from pathlib import Path

RATE = 16_000
"""Hz of everything that comes out of `decode`: signed 16 bit, little endian, raw."""


@dataclass(frozen=True)
class Limits:
    """What one foreign file may cost. Sizes in bytes, times in seconds, rates in Hz."""

    max_bytes: int = 8 << 30
    max_duration_s: float = 12 * 3600.0
    max_channels: int = 8
    min_rate: int = 4_000
    max_rate: int = 192_000
    memory_bytes: int = 1 << 30
    cpu_s: int = 900
    wall_s: float = 1_800.0


@dataclass(frozen=True)
class MediaInfo:
    """A file that opened and whose first packets decoded.

    `duration_s` is what the container promises, None where it promises nothing that holds
    (ADTS, MP3 without a Xing header: their length is a guess from the bit rate).
    """

    format: str
    codec: str
    duration_s: float | None
    channels: int
    rate: int
    bytes: int
    has_video: bool


@dataclass(frozen=True)
class Decoded:
    """A file decoded to the end: one raw file per wanted channel, all of the same length.

    `peak` is the largest absolute sample over all files (0 to 32768); 0 is digital silence.
    `filled_s`: silence put where the container's clock says that nothing was recorded.
    `skipped_packets`: damaged packets that the decoder got over.
    """

    paths: tuple[Path, ...]
    rate: int
    samples: int
    declared_s: float | None
    peak: int
    filled_s: float
    skipped_packets: int

    @property
    def duration_s(self) -> float:
        return self.samples / self.rate
