"""A road to PostgreSQL on which answers get lost: the statement is done, and nobody hears of it.

It reads just enough of the protocol (https://www.postgresql.org/docs/current/protocol.html) to
know when a statement of interest is sent, lets the server finish it, and then cuts the connection.
"""

import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

BEFORE_START = {80877103, 80877104}
"""SSLRequest and GSSENCRequest: answered by one byte, then comes the real start."""
READY = b"Z\x00\x00\x00\x05"


class Proxy:
    """Listens on `port`. `every`: of statements with this text, each n-th loses its answer."""

    def __init__(self, target: int, *, every: Mapping[bytes, int]) -> None:
        self.cuts: Counter[bytes] = Counter()
        self._target, self._every = target, dict(every)
        self._seen: Counter[bytes] = Counter()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def is_to_be_cut(self, text: bytes) -> bool:
        with self._lock:
            self._seen[text] += 1
            cut = self._seen[text] % self._every[text] == 0
            self.cuts[text] += cut
        return cut

    def known(self, statement: bytes) -> bytes | None:
        return next((text for text in self._every if text in statement), None)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                _Link(self, client, socket.create_connection(("127.0.0.1", self._target)))


class _Link:
    """One connection. `cut` is set when the next answer is the one that gets lost."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._cut = threading.Event()
        self._prepared: dict[bytes, bytes] = {}
        for work in (self._forward, self._answer):
            threading.Thread(target=self._guarded, args=[work], daemon=True).start()

    def _guarded(self, work) -> None:  # type: ignore[no-untyped-def]
        with suppress(OSError, EOFError):
            work()
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
                end.close()

    def _forward(self) -> None:
        started = False
        while True:
            kind = self._read(1) if started else b""
            size = self._read(4)
            body = self._read(struct.unpack("!I", size)[0] - 4)
            if started:
                self._look(kind, body)
            else:
                started = struct.unpack("!I", body[:4])[0] not in BEFORE_START
            self._server.sendall(kind + size + body)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._client.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _look(self, kind: bytes, body: bytes) -> None:
        """Parse names a statement, Bind uses it, Query has its text in it."""
        text = None
        if kind == b"P":
            name, statement = body.split(b"\0")[:2]
            found = self._proxy.known(statement)
            self._prepared.pop(name, None)
            if found:
                self._prepared[name] = found
        elif kind == b"B":
            text = self._prepared.get(body.split(b"\0")[1])
        elif kind == b"Q":
            text = self._proxy.known(body)
        if text and self._proxy.is_to_be_cut(text):
            self._cut.set()

    def _answer(self) -> None:
        lost = b""
        while data := self._server.recv(1 << 16):
            if not self._cut.is_set():
                self._client.sendall(data)
                continue
            lost += data
            if lost[-6:-1] == READY:
                return
