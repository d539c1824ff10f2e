"""Prints what the children say, each line with the name of who said it; never waits for readers."""

import collections
import os
import select

# POSIX promises that a pipe which polls writable takes this much without blocking.
PIECE = 4096
KEPT_BYTES = 1_000_000
COLOURS = (36, 33, 32, 35, 34, 31, 96, 93)


class Output:
    """Lines go to `descriptor`; what a stuck reader does not take is kept up to a bound."""

    def __init__(self, names: list[str], descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._width = max(map(len, names), default=0)
        self._colours = (
            dict(zip(names, COLOURS * len(names), strict=False)) if _is_tty(descriptor) else {}
        )
        self._waiting: collections.deque[bytes] = collections.deque()
        self._bytes = 0

    @property
    def is_behind(self) -> bool:
        """True when the reader has yet to take something: call `flush` again soon."""
        return bool(self._waiting)

    def say(self, text: str) -> None:
        """A line of the launcher itself."""
        self._put(text.encode() + b"\n")

    def child(self, name: str, line: bytes) -> None:
        """A line of a child, without its end of line."""
        prefix = f"{name:<{self._width}} | "
        if colour := self._colours.get(name):
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        self._put(prefix.encode() + line.rstrip(b"\r") + b"\n")

    def flush(self) -> None:
        """Write what the reader takes now."""
        try:
            while self._waiting and select.select([], [self._descriptor], [], 0)[1]:
                piece = self._waiting.popleft()
                self._bytes -= len(piece)
                written = os.write(self._descriptor, piece)
                if written < len(piece):
                    self._waiting.appendleft(piece[written:])
                    self._bytes += len(piece) - written
        except (OSError, ValueError):
            # Nobody reads any more: a closed terminal must not end the service.
            self._waiting.clear()
            self._bytes = 0

    def _put(self, line: bytes) -> None:
        for start in range(0, len(line), PIECE):
            self._waiting.append(line[start : start + PIECE])
        self._bytes += len(line)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._waiting.popleft())
        self.flush()


def _is_tty(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
