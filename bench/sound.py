"""Sound that measurements work on, made from the shipped meeting in the temporary directory."""

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from bench.ground import folder
from engines.media import reading

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "meeting"
RATE = 16_000
_CHUNK = 1 << 20


def sample(name: str) -> np.ndarray:
    """int16 at 16 kHz of a file of the shipped meeting."""
    raw = folder() / f"{name}.s16"
    if not raw.exists():
        reading.decode(SAMPLES / f"{name}.opus", raw)
    return np.asarray(reading.read_pcm(raw))


def repeated(pcm: np.ndarray, seconds: float) -> np.ndarray:
    return np.resize(pcm, round(seconds * RATE))


def spoken_lines() -> list[np.ndarray]:
    """Every line of the meeting, from its own speaker's track, without what lies between."""
    lines = json.loads((SAMPLES / "gold.json").read_text())["lines"]
    return [
        sample(line["speaker"].lower())[int(line["start"] * RATE) : int(line["end"] * RATE)]
        for line in lines
    ]


def write(
    path: Path,
    pcm: np.ndarray,
    *,
    codec: str,
    rate: int = RATE,
    stereo: bool = False,
    bitrate: int = 0,
) -> Path:
    """Encodes 16 kHz mono to a file whose name says the container."""
    layout = "stereo" if stereo else "mono"
    resampler = av.AudioResampler(format=_format(codec), layout=layout, rate=rate)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.codec_context.layout = layout
        if bitrate:
            stream.bit_rate = bitrate
        for frame in [*_frames(pcm), None]:
            for piece in resampler.resample(frame):
                container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def lengthen(path: Path, target: Path, times: int) -> Path:
    """The same packets so many times over: hours without hours of encoding."""
    with av.open(str(path)) as source, av.open(str(target), "w") as container:
        given = source.streams.audio[0]
        stream = container.add_stream_from_template(given)
        packets = [packet for packet in source.demux(given) if packet.size]
        length = packets[-1].pts + packets[-1].duration - packets[0].pts
        datas = [(bytes(packet), packet.pts, packet.duration) for packet in packets]
        for turn in range(times):
            for data, pts, duration in datas:
                packet = av.Packet(data)
                packet.stream, packet.time_base = stream, given.time_base
                packet.pts = packet.dts = pts + turn * length
                packet.duration = duration
                container.mux(packet)
    return target


def _frames(pcm: np.ndarray) -> Iterator[av.AudioFrame]:
    for at in range(0, len(pcm), _CHUNK):
        piece = np.ascontiguousarray(pcm[at : at + _CHUNK]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        yield frame


def _format(codec: str) -> str:
    return {"libmp3lame": "s16p", "libopus": "s16", "flac": "s16"}[codec]


def spread(pieces: Sequence[np.ndarray], seconds: float) -> np.ndarray:
    """The pieces with equal digital silence before each, in a track of so many seconds."""
    whole = np.zeros(round(seconds * RATE), np.int16)
    gap = (len(whole) - sum(map(len, pieces))) // (len(pieces) + 1)
    at = gap
    for piece in pieces:
        whole[at : at + len(piece)] = piece
        at += len(piece) + gap
    return whole
