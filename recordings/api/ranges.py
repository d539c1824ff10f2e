"""The Range header (RFC 9110, section 14), for one range of bytes. Pure."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """Bytes `start` up to, not including, `stop` of `size`."""

    start: int
    stop: int
    size: int

    @property
    def whole(self) -> bool:
        return (self.start, self.stop) == (0, self.size)

    @property
    def length(self) -> int:
        return self.stop - self.start

    @property
    def header(self) -> str:
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def parse(header: str, size: int) -> Part | None:
    """What the header asks for; None when no such bytes exist (416).

    Everything where there is no header, where it isn't understood, or where it asks for several
    ranges: a server may ignore those.
    """
    everything = Part(0, size, size)
    asked = re.fullmatch(r"\s*bytes\s*=\s*(\d{0,30})\s*-\s*(\d{0,30})\s*", header, re.ASCII)
    if not asked or asked[1] == asked[2] == "":
        return everything
    first, last = asked[1], asked[2]
    if not first:  # the last n bytes
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return everything
    return Part(start, stop, size) if start < stop else None
