"""The engine gateway: from commit to offer, from offer to accept, steps a second; one web process.

The engine answers at once and hears nothing; the peer is a bare WebSocket round trip to the same
uvicorn, alternating with ours.
"""

import contextlib
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from websockets.sync.client import ClientConnection, connect

from bench import rows
from bench.row import Row
from bench.timing import percentile
from recordings.models import Recording

TRIES, WARM, STEPS, SLOTS = 60, 3, 300, 16
GOAL_OFFER_MS, GOAL_ACCEPT_MS = 50, 20
PAUSE = (0.03, 0.12)
PIPELINE = "heard"


def run() -> list[Row]:
    from accounts import tokens
    from accounts.choices import TokenKind
    from recordings.models import Track

    rows.recordings(rows.user(), TRIES + WARM + STEPS, tracks=1)
    waiting = rows.all_recordings()
    Track.objects.update(regions=[[0.0, 1.0]])
    token = tokens.make(None, TokenKind.ENGINE, "bench")[1]
    with _server("sai.asgi:application") as port, _server("bench.echo:application") as bare:
        with _engine(port, token, slots=1) as engine, connect(f"ws://127.0.0.1:{bare}/") as peer:
            measured = _measure(engine, peer, waiting[: TRIES + WARM])
        throughput = _throughput(port, token, waiting[TRIES + WARM :])
    return [*_rows(measured), throughput]


def _measure(
    engine: ClientConnection, peer: ClientConnection, waiting: list[Recording]
) -> dict[str, list[float]]:
    """Milliseconds: `offer` from commit, `accept` from offer to the row, `bare` round trips."""
    found: dict[str, list[float]] = {"offer": [], "accept": [], "bare": []}
    for number, recording in enumerate(waiting):
        offer = _one(engine, recording)
        begun = time.perf_counter()
        peer.send("x" * 600)
        peer.recv()
        bare = (time.perf_counter() - begun) * 1000
        time.sleep(random.uniform(*PAUSE))
        if number >= WARM:  # the first ones load and connect
            found["offer"].append(offer)
            found["bare"].append(bare)
    found["accept"] = _accepts()[-TRIES:]
    return found


def _one(engine: ClientConnection, recording: Recording) -> float:
    from recordings.services import journey

    journey.process(recording, pipeline=PIPELINE)
    begun = time.perf_counter()
    offer = _hear(engine, "offer")
    took = (time.perf_counter() - begun) * 1000
    _finish(engine, offer)
    _hear(engine, "accepted")
    return took


def _accepts() -> list[float]:
    """From the offer to the row that says that it was accepted."""
    from recognition.models import EngineRequest

    asked = EngineRequest.objects.order_by("pk").values_list("created_at", "accepted_at")
    return [(accepted - offered).total_seconds() * 1000 for offered, accepted in asked if accepted]


def _finish(engine: ClientConnection, offer: dict[str, Any]) -> None:
    named = {"request_id": offer["request_id"], "attempt": offer["attempt"]}
    engine.send(json.dumps({"type": "accept", **named}))
    phrase = {"track": offer["files"][0]["track"], "start": 0, "end": 1, "text": "yes"}
    result = {"language": "en", "phrases": [phrase]}
    engine.send(json.dumps({"type": "done", **named, "result": result}))


def _hear(engine: ClientConnection, type: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(engine.recv(timeout=30))
        if message["type"] == "ping":
            engine.send('{"type": "pong"}')
        elif message["type"] == type:
            return message


def _throughput(port: int, token: str, waiting: list[Recording]) -> Row:
    """Steps a second that one engine of many slots gets done, its answers costing nothing."""
    from recordings.services import journey

    for recording in waiting:
        journey.process(recording, pipeline=PIPELINE)
    count = len(waiting)
    begun = time.perf_counter()
    with _engine(port, token, slots=SLOTS) as engine:
        accepted = 0
        while accepted < count:
            message = json.loads(engine.recv(timeout=30))
            if message["type"] == "offer":
                _finish(engine, message)
            accepted += message["type"] == "accepted"
    per_second = count / (time.perf_counter() - begun)
    note = f"{count} steps, one engine of {SLOTS} slots, one web process, results taken in"
    return Row("gateway: steps a second", f"{per_second:.0f}", "", "", "", note)


def _rows(measured: dict[str, list[float]]) -> Iterator[Row]:
    bare = percentile(measured["bare"], 50)
    for name, key, goal in (
        ("commit to offer", "offer", GOAL_OFFER_MS),
        ("offer to accept", "accept", GOAL_ACCEPT_MS),
    ):
        ours = percentile(measured[key], 50)
        yield Row(
            f"gateway: {name}, p50",
            f"{ours:.1f} ms",
            f"{bare:.1f} ms",
            f"{ours / bare:.1f}",
            f"<= {goal} ms",
            f"p95 {percentile(measured[key], 95):.1f} ms; peer: a bare WebSocket round trip",
            ours <= goal,
        )


@contextlib.contextmanager
def _engine(port: int, token: str, *, slots: int) -> Iterator[ClientConnection]:
    header = {"Authorization": f"Bearer {token}"}
    with connect(f"ws://127.0.0.1:{port}/ws/supervisor", additional_headers=header) as engine:
        hello = {"type": "hello", "engine_id": "bench", "version": "1", "slots": slots}
        engine.send(json.dumps({**hello, "capabilities": ["transcribe"]}))
        _hear(engine, "welcome")
        yield engine


@contextlib.contextmanager
def _server(application: str) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--lifespan",
               "off", "--log-level", "error", "--ws-per-message-deflate", "false",
               "--timeout-graceful-shutdown", "1"]  # fmt: skip
    process = subprocess.Popen(command)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(15)
