"""500 sockets x 4 events a second: from the writer's call to the client, against a bare fan-out.

Ours: an event is appended and committed in PostgreSQL, numbered, read once, asked for rights and
sent by the web process. The bare peer is the same uvicorn with an ASGI application that only sends
the time to every socket. The clients are one further process on the same machine.
"""

import asyncio
import contextlib
import functools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from bench.row import Row

SOCKETS, PER_SECOND, SECONDS, PER_USER = 500, 4, 15, 50
GOAL_MS = 150
PATH = "/ws/v1/events"


def run() -> list[Row]:
    """Needs Django set up on a migrated database."""
    ours = _ours()
    bare = _bare()
    expected = SOCKETS * PER_SECOND * SECONDS
    note = f"{SOCKETS} sockets x {PER_SECOND}/s for {SECONDS} s"
    return [
        Row("events: p50 writer to client", f"{ours['p50']:.0f} ms", f"{bare['p50']:.0f} ms",
            f"{ours['p50'] / bare['p50']:.2f}", "", note),
        Row("events: p99 writer to client", f"{ours['p99']:.0f} ms", f"{bare['p99']:.0f} ms",
            f"{ours['p99'] / bare['p99']:.2f}", f"<= {GOAL_MS} ms", note,
            ours["p99"] <= GOAL_MS),
        Row("events: lost", str(expected - ours["heard"]), "", "", "0",
            f"{ours['heard']} heard, {ours['disorder']} out of order",
            ours["heard"] == expected and not ours["disorder"]),
        Row("events: connects per second", f"{ours['connects']:.0f}", f"{bare['connects']:.0f}",
            f"{ours['connects'] / bare['connects']:.2f}", "", "sign-in and snapshot included"),
    ]  # fmt: skip


def _ours() -> dict[str, float]:
    from accounts import tokens
    from accounts.choices import TokenKind
    from accounts.models import User
    from notifications import events
    from notifications.models import Event

    users = [
        User.objects.create_user(f"bench-{uuid4().hex[:12]}") for _ in range(SOCKETS // PER_USER)
    ]
    texts = [tokens.make(user, TokenKind.API, "bench", days=1)[1] for user in users]
    audience = [user.pk for user in users]
    recording = str(uuid4())

    def write() -> None:
        events.append(
            "recording.status",
            object_type="recording",
            object_id=recording,
            topic=f"recording:{recording}",
            data={"from": "ready", "to": "processing", "t": time.time()},
            audience=audience,
        )

    try:
        with _server("sai.asgi:application") as url, _clients(url, texts) as clients:
            return _measure(clients, write)
    finally:
        Event.objects.filter(object_id=recording).delete()
        User.objects.filter(pk__in=audience).delete()


def _bare() -> dict[str, float]:
    with _server("bench.events:bare") as url, _clients(url, [""]) as clients:
        return _measure(clients, lambda: None)


def _measure(clients: "subprocess.Popen[str]", write: Any) -> dict[str, float]:
    assert clients.stdout is not None
    connects = float(clients.stdout.readline())
    begun = time.monotonic()
    for n in range(PER_SECOND * SECONDS):
        time.sleep(max(0.0, begun + n / PER_SECOND - time.monotonic()))
        write()
    return {"connects": connects, **json.loads(clients.stdout.readline())}


@contextlib.contextmanager
def _server(application: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port),
               "--no-access-log", "--log-level", "warning", "--lifespan", "off",
               "--ws-per-message-deflate", "false",
               "--timeout-graceful-shutdown", "1"]  # fmt: skip
    process = subprocess.Popen(command, env=_environment())
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"ws://127.0.0.1:{port}{PATH}"
    finally:
        process.terminate()
        process.wait(15)


def _environment() -> dict[str, str]:
    """The same database and Redis in the child, also when ours is a test database."""
    from django.conf import settings

    own = settings.DATABASES["default"]
    url = f"postgresql://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}"
    return os.environ | {"DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL}


@contextlib.contextmanager
def _clients(url: str, texts: list[str]) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "bench.events", url, *texts]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The peer: every socket gets the time, with nothing else done."""
    await receive()
    await send({"type": "websocket.accept"})
    await receive()
    await receive()
    await send({"type": "websocket.send", "text": '{"type":"snapshot","seq":-1}'})
    _bare_sockets.append(send)
    if len(_bare_sockets) < SOCKETS:
        await asyncio.Event().wait()
    for seq in range(PER_SECOND * SECONDS):
        text = json.dumps({"type": "bare", "seq": seq, "data": {"t": time.time()}})
        for tell in _bare_sockets:
            await tell({"type": "websocket.send", "text": text})
        await asyncio.sleep(1 / PER_SECOND)


_bare_sockets: list[Any] = []


class Ear(asyncio.Protocol):
    """A WebSocket client that does little, so that the server is what is measured."""

    def __init__(self, figures: "Figures", token: str) -> None:
        self.figures, self.token = figures, token
        self.buffer, self.shaken, self.last = b"", False, -1

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(
            f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self.buffer += data
        if not self.shaken:
            if b"\r\n\r\n" not in self.buffer:
                return
            self.buffer = self.buffer.partition(b"\r\n\r\n")[2]
            self.shaken = True
            self.say({"op": "auth", "token": self.token})
            self.say({"op": "subscribe", "topics": ["me"]})
        while (frame := self.next_frame()) is not None:
            if frame[0] & 15 == 1:
                self.heard(json.loads(frame[1]), now)

    def next_frame(self) -> tuple[int, bytes] | None:
        """First byte and payload of a frame of less than 64 KiB."""
        if len(self.buffer) < 4:
            return None
        start, size = 2, self.buffer[1]
        if size == 126:
            start, size = 4, int.from_bytes(self.buffer[2:4], "big")
        if len(self.buffer) < start + size:
            return None
        frame = self.buffer[0], self.buffer[start : start + size]
        self.buffer = self.buffer[start + size :]
        return frame

    def say(self, message: dict[str, Any]) -> None:
        text = json.dumps(message).encode()
        self.transport.write(bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text)

    def heard(self, message: dict[str, Any], now: float) -> None:
        if message["type"] == "snapshot":
            self.figures.opened()
        else:
            self.figures.heard(now - message["data"]["t"], message["seq"] <= self.last)
        self.last = message["seq"]


class Figures:
    def __init__(self) -> None:
        self.lags: list[float] = []
        self.disorder = self.open = 0
        self.all_open, self.all_heard = asyncio.Event(), asyncio.Event()
        self.entrance = asyncio.Semaphore(32)

    def heard(self, lag: float, disorder: bool) -> None:
        self.lags.append(lag)
        self.disorder += disorder
        if len(self.lags) == SOCKETS * PER_SECOND * SECONDS:
            self.all_heard.set()

    def opened(self) -> None:
        self.open += 1
        self.entrance.release()
        if self.open == SOCKETS:
            self.all_open.set()


async def _listen(url: str, texts: list[str]) -> None:
    """The client process: connects per second on one line, then the figures on the next."""
    figures = Figures()
    loop = asyncio.get_running_loop()
    port = int(url.split(":")[2].partition("/")[0])
    begun = time.monotonic()
    for n in range(SOCKETS):
        await figures.entrance.acquire()
        ear = functools.partial(Ear, figures, texts[n % len(texts)])
        await loop.create_connection(ear, "127.0.0.1", port)
    await figures.all_open.wait()
    print(SOCKETS / (time.monotonic() - begun), flush=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SECONDS + 10):
            await figures.all_heard.wait()
    lags = sorted(figures.lags)
    answer = {
        "p50": lags[len(lags) // 2] * 1000,
        "p99": lags[len(lags) * 99 // 100] * 1000,
        "heard": len(lags),
        "disorder": figures.disorder,
    }
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(_listen(sys.argv[1], sys.argv[2:]))
