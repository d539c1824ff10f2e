"""A stretch of an open file, and of what an S3 server sends, read like a file."""

import io
from typing import BinaryIO, Protocol


class Readable(Protocol):
    def read(self, size: int, /) -> bytes | None: ...

    def close(self) -> None: ...


class Slice(io.RawIOBase, BinaryIO):
    """At most `length` bytes of `source` from where it stands now; to its end when None."""

    def __init__(self, source: Readable, length: int | None = None) -> None:
        self._source = source
        self._left = length

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        if self._left is not None:
            size = min(size, self._left)
        chunk = (self._source.read(size) or b"") if size else b""
        if self._left is not None:
            self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        self._source.close()
        super().close()
