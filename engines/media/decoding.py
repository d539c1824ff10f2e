"""The work inside the child: open, look, decode. Imports PyAV and nothing heavier.

Runs confined, on an open file without a name, with one forced format. Raises `Refused` with a
code of `verdicts.REFUSALS`; everything else that PyAV raises is sorted out by `zygote`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

GROUP = 500_000
"""Samples that go through the resampler at once: a third faster than frame by frame."""
_HOLE_S = 0.2
_CLOCKED = {"mov", "matroska", "ogg"}
_LOOK_S = 1.0


class Refused(Exception):
    """The file can't be used; `code` and the numbers for its message."""

    def __init__(self, code: str, **details: float) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class Nameless:
    """PyAV takes the URL from `file.name`: without one there are no siblings to read."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def open_sound(file: BinaryIO, request: Mapping[str, Any]) -> InputContainer:
    return av.open(
        Nameless(file),
        mode="r",
        format=request["format"],
        metadata_errors="ignore",
        options={"format_whitelist": request["format"], "protocol_whitelist": "none"},
    )


def inspect(file: BinaryIO, request: Mapping[str, Any]) -> dict[str, Any]:
    """Container and first second. Keys: codec, channels, rate, duration_s, has_video."""
    with open_sound(file, request) as container:
        stream = _sound_of(container, request)
        heard = 0
        for packet in container.demux(stream):
            heard += sum(frame.samples for frame in _frames(packet))
            if heard >= stream.rate * _LOOK_S:
                break
        if not heard:
            raise Refused("no_sound")
        return {
            "codec": stream.codec_context.name,
            "channels": stream.channels,
            "rate": stream.rate,
            "duration_s": _promised(container, stream, request),
            "has_video": _moving(container),
        }


def decode(
    file: BinaryIO,
    sinks: Sequence[BinaryIO],
    request: Mapping[str, Any],
    report: Callable[[float], None],
) -> dict[str, Any]:
    """Write s16le into the sinks: one mix, or one per number in `request["channels"]`.

    Returns samples, declared_s, reached_s (how far any stream got), filled_s, skipped, packets.
    """
    with open_sound(file, request) as container:
        stream = _sound_of(container, request)
        tally = _Tally(container)
        writer = Writer(sinks, request, report)
        declared_s = _promised(container, stream, request)
        clock = None
        if request["format"] in _CLOCKED:
            end_s = declared_s or request["max_duration_s"]
            clock = Clock(float(stream.time_base or 0), _start(container), end_s)
        for packet in _packets(container, tally):
            tally.see(packet)
            if packet.stream_index != stream.index:
                continue
            for frame in _frames(packet, tally):
                if clock:
                    writer.hole(clock.hole_before(frame))
                writer.take(frame)
        writer.close()
        return {
            "samples": writer.samples,
            "filled_s": writer.filled_s,
            "declared_s": declared_s,
            "reached_s": tally.reached_s,
            "skipped": tally.skipped,
            "packets": tally.packets,
        }


class _Tally:
    """Counts packets; where a picture moves, how far any stream got."""

    def __init__(self, container: InputContainer) -> None:
        self.packets = self.skipped = 0
        self._start = _start(container)
        self._moving = _moving(container)
        self._bases = [float(stream.time_base or 0) for stream in container.streams]
        self.reached_s = 0.0

    def see(self, packet: av.Packet) -> None:
        if self._moving and packet.pts is not None:
            reached = packet.pts * self._bases[packet.stream_index] - self._start
            self.reached_s = max(self.reached_s, reached)


class Clock:
    """Finds holes: places where the container's time runs ahead of the samples it carries."""

    def __init__(self, base: float, start_s: float, end_s: float) -> None:
        self._base, self._start = base, start_s
        self._end = end_s + 1.0
        self._heard = 0.0

    def hole_before(self, frame: AudioFrame) -> float:
        """Seconds of silence that belong before this frame; never past the declared end."""
        hole = 0.0
        if frame.pts is not None:
            ahead = frame.pts * self._base - self._start - self._heard
            if ahead > _HOLE_S and self._heard + ahead < self._end:
                hole = ahead
        self._heard += hole + frame.samples / frame.sample_rate
        return hole


class Writer:
    """Groups frames, resamples and writes; starts anew when the sound changes its form."""

    def __init__(
        self,
        sinks: Sequence[BinaryIO],
        request: Mapping[str, Any],
        report: Callable[[float], None],
    ) -> None:
        self._sinks, self._report = sinks, report
        self._rate: int = request["rate"]
        self._channels: list[int] = request["channels"]
        self._most = int(request["max_duration_s"] * self._rate)
        self._open = False
        self.samples = 0
        self.filled_s = 0.0

    def take(self, frame: AudioFrame) -> None:
        if not self._open:
            self._begin_form(frame)
        frame.pts = None
        try:
            self._fifo.write(frame)
        except ValueError:
            self._finish_form()
            self._begin_form(frame)
            self._fifo.write(frame)
        if self._fifo.samples >= GROUP:
            self._push(self._fifo.read())

    def hole(self, seconds: float) -> None:
        if not seconds:
            return
        self._finish_form()
        left = int(seconds * self._rate)
        self.filled_s += seconds
        while left:
            part = min(left, GROUP)
            for sink in self._sinks:
                sink.write(bytes(2 * part))
            self._count(part)
            left -= part

    def close(self) -> None:
        self._finish_form()
        for sink in self._sinks:
            sink.flush()

    def _begin_form(self, frame: AudioFrame) -> None:
        if self._channels and max(self._channels) >= frame.layout.nb_channels:
            raise Refused(
                "no_such_channel", channel=max(self._channels), channels=frame.layout.nb_channels
            )
        layout, kind = (frame.layout, "s16p") if self._channels else ("mono", "s16")
        self._open = True
        self._fifo = av.AudioFifo()
        self._resampler = av.AudioResampler(format=kind, layout=layout, rate=self._rate)

    def _finish_form(self) -> None:
        if not self._open:
            return
        if self._fifo.samples:
            self._push(self._fifo.read())
        self._push(None)
        self._open = False

    def _push(self, frame: AudioFrame | None) -> None:
        for out in self._resampler.resample(frame):
            for sink, plane in zip(self._sinks, self._channels or [0], strict=True):
                sink.write(memoryview(out.planes[plane])[: out.samples * 2])
            self._count(out.samples)

    def _count(self, samples: int) -> None:
        self.samples += samples
        if self.samples > self._most:
            raise Refused("too_long", limit_s=self._most / self._rate)
        self._report(self.samples / self._rate)


def _sound_of(container: InputContainer, request: Mapping[str, Any]) -> AudioStream:
    if not container.streams.audio:
        raise Refused("no_audio")
    stream = container.streams.audio[0]
    channels, rate = stream.channels or 0, stream.rate or 0
    if channels < 1:
        raise Refused("no_channels")
    if channels > request["max_channels"]:
        raise Refused("too_many_channels", channels=channels, limit=request["max_channels"])
    if not request["min_rate"] <= rate <= request["max_rate"]:
        raise Refused("bad_rate", rate=rate, low=request["min_rate"], high=request["max_rate"])
    if (_promised(container, stream, request) or 0) > request["max_duration_s"]:
        raise Refused("too_long", limit_s=request["max_duration_s"])
    return stream


def _packets(container: InputContainer, tally: _Tally) -> Iterator[av.Packet]:
    """All streams, so that a longer picture shows how far the file goes; a broken end ends."""
    packets = container.demux()
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.EOFError):
            return
        except av.error.InvalidDataError:
            tally.skipped += 1
            return
        yield packet


def _frames(packet: av.Packet, tally: _Tally | None = None) -> list[Any]:
    if tally:
        tally.packets += 1
    try:
        return packet.decode()
    except (av.error.InvalidDataError, av.error.EOFError):
        if tally:
            tally.skipped += 1
        return []


def _promised(
    container: InputContainer, stream: AudioStream, request: Mapping[str, Any]
) -> float | None:
    """The length that the maker of the file wrote down, in seconds; None where nobody did."""
    if not request["trusted"]:
        return None
    if request["written_s"]:
        return request["written_s"]
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _start(container: InputContainer) -> float:
    return (container.start_time or 0) / av.time_base


def _moving(container: InputContainer) -> bool:
    """Whether there is a picture that moves: a cover has no frame rate worth the name."""
    return any(not video.disposition & 0x400 for video in container.streams.video)
