"""Connections of httpcore2 that go only where a guard has looked.

The pool asks for a host by name; here it is resolved, judged, and connected by its address. The
name stays in the Host header and in TLS (httpcore2 starts TLS with the name of the origin), so
nobody can move the name to another address between the look and the connection.
"""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore2
from asgiref.sync import sync_to_async

from common.http.guard import Guard

DEFAULT_CONNECT_SECONDS = 5.0


class Deadline:
    """The end of a whole exchange. A peer that sends one byte a second does not outlive it."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def cut(self, timeout: float | None) -> float:
        """What is left, at most `timeout`. Raises httpcore2's timeout when nothing is."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time for the whole exchange is over")
        return left if timeout is None else min(left, timeout)


class TimedStream(httpcore2.NetworkStream):
    """A stream that ends with its deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.cut(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.cut(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._deadline.cut(timeout))
        return TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore2.NetworkBackend):
    def __init__(self, guard: Guard, deadline: Deadline | None = None) -> None:
        self._guard, self._deadline = guard, deadline
        self._network = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Tries the addresses in turn; the last failure is the answer."""
        failure: Exception | None = None
        for address in self._guard.addresses(host, port):
            patience = self._deadline.cut(timeout) if self._deadline else timeout
            try:
                stream = self._network.connect_tcp(
                    address, port, patience, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
                continue
            return TimedStream(stream, self._deadline) if self._deadline else stream
        raise failure or httpcore2.ConnectError("no address")

    def connect_unix_socket(self, *_args: Any, **_more: Any) -> httpcore2.NetworkStream:
        raise httpcore2.ConnectError("not a network address")


class AsyncGuardedBackend(httpcore2.AsyncNetworkBackend):
    """The same in an event loop. Whoever calls sets the deadline, with `asyncio.timeout`."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore2 calls it so
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception | None = None
        resolve = sync_to_async(self._guard.addresses, thread_sensitive=False)
        for address in await resolve(host, port):
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("no address")

    async def connect_unix_socket(self, *_args: Any, **_more: Any) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.ConnectError("not a network address")
