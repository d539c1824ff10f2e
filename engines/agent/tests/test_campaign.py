"""Engines under fire: seeded kills, cuts, cancels and lost answers; every request is done once.

The gateway here is a small honest one: attempts, leases, room, `holding` after a reconnect.
"""

import asyncio
import json
import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from websockets import ConnectionClosed
from websockets.asyncio.server import serve

from engines.agent.tests.conftest import ONE, TERM
from engines.agent.tests.stand_in import TOKEN, VALIDATOR
from engines.protocol import read_result

SLOTS, ENGINES = 2, 2
BEAT_S, LEASE_S = 0.3, 1.5


@dataclass
class Request:
    """What the gateway knows. `holder`: the connection that works on it."""

    name: str
    attempt: int = 0
    holder: "Desk | None" = None
    lease: float = 0.0
    offered: bool = False
    results: list[dict] = field(default_factory=list)


@dataclass(eq=False)
class Desk:
    socket: object
    engine: str

    async def say(self, **message: object) -> None:
        with suppress(ConnectionClosed):
            await self.socket.send(json.dumps(message))


class Ledger:
    """Offers, leases and results of all requests."""

    def __init__(self, chance: random.Random, total: int) -> None:
        self.chance = chance
        self.requests = {f"r{number}": Request(f"r{number}") for number in range(total)}
        self.desks: list[Desk] = []
        self.refused = 0

    @property
    def open(self) -> list[Request]:
        return [request for request in self.requests.values() if not request.results]

    async def serve(self, socket) -> None:
        hello = json.loads(await socket.recv())
        VALIDATOR.validate(hello)
        desk = Desk(socket, hello["engine_id"])
        await desk.say(type="welcome", heartbeat_s=BEAT_S, lease_s=LEASE_S)
        for held in hello["holding"]:
            request = self.requests[held["request_id"]]
            if request.attempt == held["attempt"] and not request.results:
                request.holder, request.lease = desk, time.monotonic() + LEASE_S
            else:
                await desk.say(type="cancel", **held)
        self.desks.append(desk)
        with suppress(ConnectionClosed):
            async for frame in socket:
                message = json.loads(frame)
                VALIDATOR.validate(message)
                await self.hear(desk, message)
        self.desks.remove(desk)

    async def hear(self, desk: Desk, message: dict) -> None:
        if message["type"] == "ping":
            await desk.say(type="pong")
        request = self.requests.get(message.get("request_id", ""))
        if request is None:
            return
        current = message["attempt"] == request.attempt and request.holder is desk
        name = {"request_id": request.name, "attempt": message["attempt"]}
        match message["type"]:
            case "done":
                await self.take(desk, request, message, name)
            case "failed" | "reject" if current:
                request.holder = None
            case "accept" | "progress" if current and not request.results:
                request.offered, request.lease = False, time.monotonic() + LEASE_S
            case "accept" | "progress":
                await desk.say(type="cancel", **name)

    async def take(self, desk: Desk, request: Request, message: dict, name: dict) -> None:
        if message["attempt"] != request.attempt:
            self.refused += 1
            await desk.say(type="refused", reason="old attempt", **name)
        elif self.chance.random() < 0.2:
            pass  # the answer gets lost; the next connection is told again
        elif request.results:
            await desk.say(type="accepted", **name)
        else:
            request.results.append(message["result"])
            request.holder = None
            await desk.say(type="accepted", **name)

    async def tend_all(self, *, within: float) -> None:
        end = time.monotonic() + within
        while self.open and time.monotonic() < end:
            await self.tend()
            await asyncio.sleep(0.05)

    async def tend(self) -> None:
        """Leases that ran out, then an offer for whoever has room."""
        for request in self.open:
            if request.holder and time.monotonic() > request.lease:
                request.holder = None
        for desk in list(self.desks):
            busy = sum(request.holder is desk for request in self.open)
            for request in [one for one in self.open if not one.holder][: SLOTS - busy]:
                request.attempt += 1
                request.holder, request.lease = desk, time.monotonic() + LEASE_S
                for _ in range(self.chance.choice([1, 1, 2])):
                    await desk.say(
                        type="offer",
                        kind="transcribe",
                        request_id=request.name,
                        attempt=request.attempt,
                        **{**ONE, "result_dir": ""},
                    )


class Trouble:
    """One blow at a time."""

    def __init__(self, chance: random.Random, ledger: Ledger, start) -> None:
        self.chance, self.ledger, self.start = chance, ledger, start
        self.programs: dict[str, object] = {}
        self.dealt: dict[str, int] = {}

    async def deal(self) -> None:
        blow = self.chance.choice(
            [
                self.cut,
                self.cut,
                self.kill_worker,
                self.freeze_worker,
                self.cancel,
                self.kill,
                self.stop,
            ]
        )
        self.dealt[blow.__name__] = self.dealt.get(blow.__name__, 0) + 1
        await blow()

    async def cut(self) -> None:
        if self.ledger.desks:
            self.chance.choice(self.ledger.desks).socket.transport.abort()

    def hit(self, number: int) -> None:
        program = self.programs[self.chance.choice(list(self.programs))]
        workers = program.children() if "connected" in program.log else []
        if workers:
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(workers), number)

    async def kill_worker(self) -> None:
        self.hit(signal.SIGKILL)

    async def freeze_worker(self) -> None:
        self.hit(signal.SIGSTOP)

    async def cancel(self) -> None:
        held = [request for request in self.ledger.open if request.holder]
        if held:
            request = self.chance.choice(held)
            name = {"request_id": request.name, "attempt": request.attempt}
            await request.holder.say(type="cancel", **name)
            request.holder = None

    async def kill(self) -> None:
        name = self.chance.choice(list(self.programs))
        await self.programs[name].kill()
        await self.begin(name)

    async def stop(self) -> None:
        name = self.chance.choice(list(self.programs))
        self.programs[name].signal(TERM)
        status = await self.programs[name].ended(within=25)
        # The first moments belong to the system: nothing is held then.
        assert status == 0 or "connected" not in self.programs[name].log
        await self.begin(name)

    async def begin(self, name: str) -> None:
        self.programs[name] = await self.start(name)


@pytest.mark.parametrize(
    ("seed", "total", "blows"),
    [
        pytest.param(1, 6, 12, id="short"),
        *(
            pytest.param(
                *(seed, 120, 2000),
                id=f"seed {seed}",
                marks=[pytest.mark.campaign, pytest.mark.timeout(900)],
            )
            for seed in (2, 3, 4)
        ),
    ],
)
async def test_every_request_is_done_once(start, exchange, tmp_path, seed, total, blows):
    chance = random.Random(seed)
    ledger = Ledger(chance, total)

    def check(connection, request):
        right = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        return None if right else connection.respond(401, "")

    async with serve(ledger.serve, "127.0.0.1", 0, process_request=check) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        async def engine(name: str):
            return await start(
                *("--exchange", exchange, "--slots", SLOTS, "--id", name),
                *("--speed", "8x", "--stall", 2, "--grace", 0.3, "--state", tmp_path / name),
                server=url,
            )

        trouble = Trouble(chance, ledger, engine)
        for number in range(ENGINES):
            await trouble.begin(f"engine-{number}")
        tending = asyncio.create_task(ledger.tend_all(within=30 + 5 * total))
        # After the last blow there is peace: a busy machine must not decide how this ends.
        while not tending.done() and sum(trouble.dealt.values()) < blows:
            await asyncio.sleep(chance.uniform(0.1, 0.6))
            await trouble.deal()
        await tending

    assert not ledger.open, [request.name for request in ledger.open]
    for request in ledger.requests.values():
        (result,) = request.results
        read = read_result("transcribe", result)
        assert [(phrase.track, phrase.start) for phrase in read.phrases] == [(7, 0.0)]
    assert sum(trouble.dealt.values()) > total / 10
