"""Look at a foreign file, or decode it to raw 16 kHz sound.

info = reading.inspect(path)
heard = reading.decode(path, out)                       # one mix
left, right = reading.decode(path, [a, b], channels=[0, 1]).paths
"""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGKILL, SIGXCPU
from typing import TYPE_CHECKING, Any, BinaryIO

from engines.media import verdicts
from engines.media.base import RATE, Decoded, Limits, MediaInfo
from engines.media.promise import trusts_duration, wav_seconds
from engines.media.server import server
from engines.media.sniff import sniff
from engines.media.verdicts import refuse

if TYPE_CHECKING:  # intake only inspects, and the web process starts without numpy
    import numpy as np

_ENOUGH, _LEEWAY_S = 0.95, 1.0
_INSPECT_S = 30.0


def _nothing(*_: object) -> None:
    return None


def inspect(path: Path, *, limits: Limits | None = None) -> MediaInfo:
    """What the file is, after a child decoded its first second. About 15 ms.

    Raises BadMedia with a code of `verdicts.REFUSALS`; EngineError (retryable) when the child was
    lost. Never blocks on a pipe or a device; never follows a link.
    """
    limits = limits or Limits()
    with _open(path, limits) as (file, size):
        request = _request("inspect", file, limits)
        wall_s = min(_INSPECT_S, limits.wall_s)
        result = _ask(request, [file.fileno()], limits, wall_s, _nothing, _nothing)
    return MediaInfo(
        format=request["format"],
        codec=result["codec"],
        duration_s=result["duration_s"],
        channels=result["channels"],
        rate=result["rate"],
        bytes=size,
        has_video=result["has_video"],
    )


def decode(
    path: Path,
    out: Path | Sequence[Path],
    *,
    channels: Sequence[int] | None = None,
    rate: int = RATE,
    limits: Limits | None = None,
    on_progress: Callable[[float], None] = _nothing,
    check: Callable[[], None] = _nothing,
) -> Decoded:
    """Decode a foreign file to raw s16le: a mix into `out`, or each of `channels` into its own.

    The files appear whole or not at all. `on_progress` gets seconds decoded; what `check` raises
    (asked four times a second) stops the child. Raises as `inspect`, and BadMedia("truncated")
    when less than 95 % (and over a second less) than declared is there.
    """
    limits = limits or Limits()
    outs = [out] if isinstance(out, Path) else list(out)
    if len(outs) != len(channels or [0]):
        raise ValueError("one output per channel")
    with _open(path, limits) as (file, _size), _published(outs) as sinks:
        request = _request("decode", file, limits)
        request |= {"rate": rate, "channels": list(channels or [])}
        request["limits"]["file_bytes"] = int(limits.max_duration_s * rate * 2) + (1 << 20)
        fds = [file.fileno(), *(sink.fileno() for sink in sinks)]
        result = _ask(request, fds, limits, limits.wall_s, on_progress, check)
        _judge(result, rate)
        peak = max(_peak(sink) for sink in sinks)
    return Decoded(
        paths=tuple(outs),
        rate=rate,
        samples=result["samples"],
        declared_s=result["declared_s"],
        peak=peak,
        filled_s=round(result["filled_s"], 3),
        skipped_packets=result["skipped"],
    )


def read_pcm(path: Path) -> "np.ndarray":
    """The int16 samples of a file made by `decode`, mapped, not read: hours cost no memory."""
    import numpy as np

    if not path.stat().st_size:
        return np.zeros(0, np.int16)
    return np.memmap(path, np.dtype("<i2"), mode="r")


def isolation() -> dict[str, bool]:
    """What this system grants a decoding child: network, filesystem, user (True: separated)."""
    silence = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80>\0\0\0}\0\0\x02\0\x10\0data"
    fd = os.memfd_create("probe")
    with os.fdopen(fd, "w+b") as file:
        file.write(silence + b"\x08\0\0\0" + bytes(8))
        file.flush()
        request = _request("inspect", file, Limits())
        verdict = server.ask(request, [fd], wall_s=_INSPECT_S, on_progress=_nothing, check=_nothing)
    if "result" not in verdict:
        raise verdicts.server_failed()
    return verdict["granted"]


@contextmanager
def _open(path: Path, limits: Limits) -> Iterator[tuple[BinaryIO, int]]:
    """An open descriptor serves as the private copy: no name, no siblings, no disk used twice.

    Together with the child's empty root it is what a hard link in an empty directory would be.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise refuse("not_a_file") from error
        raise
    with os.fdopen(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise refuse("not_a_file")
        if found.st_size > limits.max_bytes:
            raise refuse("too_large", bytes=found.st_size, limit=limits.max_bytes)
        yield file, found.st_size


@contextmanager
def _published(outs: Sequence[Path]) -> Iterator[list[BinaryIO]]:
    parts = [out.with_name(out.name + ".part") for out in outs]
    try:
        with ExitStack() as stack:
            yield [stack.enter_context(part.open("w+b")) for part in parts]
        for part, out in zip(parts, outs, strict=True):
            part.replace(out)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _request(task: str, file: BinaryIO, limits: Limits) -> dict[str, Any]:
    format = sniff(file)
    return {
        "task": task,
        "format": format,
        "trusted": trusts_duration(file, format),
        "written_s": wav_seconds(file) if format == "wav" else None,
        "max_duration_s": limits.max_duration_s,
        "max_channels": limits.max_channels,
        "min_rate": limits.min_rate,
        "max_rate": limits.max_rate,
        "limits": {"memory_bytes": limits.memory_bytes, "cpu_s": limits.cpu_s, "file_bytes": 0},
    }


def _ask(
    request: dict[str, Any],
    fds: Sequence[int],
    limits: Limits,
    wall_s: float,
    on_progress: Callable[[float], None],
    check: Callable[[], None],
) -> dict[str, Any]:
    verdict = server.ask(request, fds, wall_s=wall_s, on_progress=on_progress, check=check)
    if "result" in verdict:
        return verdict["result"]
    if "refused" in verdict:
        raise refuse(verdict["refused"], **verdict.get("details", {}))
    if "no_space" in verdict:
        raise verdicts.no_space()
    if verdict["exit"] == -SIGXCPU:
        raise refuse("too_much_work")
    if verdict["exit"] in (0, -SIGKILL):
        raise verdicts.child_lost()
    raise refuse("decoder_crashed")


def _judge(result: dict[str, Any], rate: int) -> None:
    decoded_s, declared_s = result["samples"] / rate, result["declared_s"]
    if not result["samples"]:
        raise refuse("no_sound")
    if result["skipped"] * 2 > result["packets"]:
        raise refuse("broken")
    reached_s = max(decoded_s, result["reached_s"])
    if declared_s and reached_s < _ENOUGH * declared_s and declared_s - reached_s > _LEEWAY_S:
        raise refuse("truncated", decoded_s=round(decoded_s, 1), declared_s=round(declared_s, 1))


def _peak(sink: BinaryIO) -> int:
    """Largest absolute sample, a few MiB at a time."""
    import numpy as np

    sink.seek(0)
    peak = 0
    while chunk := sink.read(4 << 20):
        samples = np.frombuffer(chunk, "<i2")
        peak = max(peak, int(samples.max()), -int(samples.min()))
    return peak
