"""The connection to the gateway: kept, and made again after ever longer, never equal pauses."""

import asyncio
import contextlib
import json
import math
import random
import ssl
import time
from pathlib import Path
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from engines.agent.agent import Agent
from engines.agent.settings import Settings, WrongSettings
from engines.protocol import (
    MESSAGE_BYTES,
    BadMessage,
    FromEngine,
    Held,
    Ping,
    Welcome,
    from_server,
)

log = structlog.get_logger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S, AFTER_DRAIN_S = 0.3, 30.0, 10.0
LONGEST_AFTER_DRAIN_S = 60.0
_OPEN_S, _WELCOME_S, _ACKNOWLEDGE_S = 10.0, 10.0, 3.0
_OFTEN_S = 1.0
_REFUSED = {401, 403, 4401, 4403}


class Line:
    """One connection. Messages go out in order, from a queue: nobody waits for a slow socket."""

    def __init__(self, socket: ClientConnection, agent: Agent, pulse: Path | None) -> None:
        self._socket, self._agent, self._pulse = socket, agent, pulse
        self._outgoing: asyncio.Queue[FromEngine] = asyncio.Queue()
        self._heard_at = time.monotonic()

    def send(self, message: FromEngine) -> None:
        self._outgoing.put_nowait(message)

    async def talk(self) -> None:
        """Until the connection is closed, silent for too long, or everything is drained."""
        await self._socket.send(self._agent.hello().frame())
        welcome = await self._welcomed()
        log.info("connected", heartbeat_s=welcome.heartbeat_s, lease_s=welcome.lease_s)
        self._agent.attach(self)
        parts = [self._write(), self._read(), self._beat(welcome), self._end_when_drained()]
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._agent.detach()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _welcomed(self) -> Welcome:
        """Raises TimeoutError when the gateway has something else to say, or nothing."""
        async with asyncio.timeout(_WELCOME_S):
            while True:
                with contextlib.suppress(BadMessage):
                    message = from_server(await self._socket.recv())
                    if isinstance(message, Welcome):
                        return message

    async def _write(self) -> None:
        while True:
            message = await self._outgoing.get()
            await self._socket.send(message.frame())
            self._agent.sent(message)
            self._outgoing.task_done()

    async def _read(self) -> None:
        async for frame in self._socket:
            self._heard_at = time.monotonic()
            try:
                self._agent.receive(from_server(frame))
            except BadMessage as error:
                log.warning("message not understood", problem=str(error))
                self._refuse(frame)

    def _refuse(self, frame: str | bytes) -> None:
        """An offer that can't be read (a kind of later years, say) is answered all the same."""
        with contextlib.suppress(ValueError, TypeError):
            said = json.loads(frame)
            if isinstance(said, dict) and said.get("type") == "offer":
                self._agent.reject(Held.model_validate(said), "not_understood")

    async def _beat(self, welcome: Welcome) -> None:
        """Progress where it changed; in half the time in which the gateway wants to hear something,
        all of it and a ping. A gateway that answers nothing for a whole lease has given our work
        away: begin anew."""
        told_at = -math.inf
        while True:
            await asyncio.sleep(min(welcome.heartbeat_s / 2, _OFTEN_S))
            now = time.monotonic()
            due = now - told_at >= welcome.heartbeat_s / 2
            self._agent.report(changes_only=not due)
            if due:
                told_at = now
                self.send(Ping())
            if self._pulse:
                self._pulse.touch()
            if now - self._heard_at > max(welcome.lease_s, welcome.heartbeat_s * 2):
                raise TimeoutError("the gateway is silent")

    async def _end_when_drained(self) -> None:
        """Nothing more to do and everything heard: the answer to `drain` is to leave."""
        await self._agent.wait(lambda: self._agent.draining and not self._agent.jobs)
        await self._agent.wait(lambda: self._agent.idle, _ACKNOWLEDGE_S)
        await self._outgoing.join()
        await self._socket.close(1000, "drained")


class Connection:
    """Connects again and again. `leaving`: only until everything is told; `stopping`: no more."""

    def __init__(self, settings: Settings, agent: Agent) -> None:
        self._settings, self._agent = settings, agent
        self._tries = self._drained = 0
        self.stopping = asyncio.Event()
        self.leaving = False

    async def keep(self) -> None:
        while not self.stopping.is_set():
            pause = await self._once()
            if self.stopping.is_set() or pause is None:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)

    async def _once(self) -> float | None:
        """One connection from its beginning to its end; seconds until the next, None for none."""
        self._tries += 1
        began = time.monotonic()
        await self._talk()
        if time.monotonic() - began > LONGEST_PAUSE_S:
            self._tries = 0
        if self._agent.draining and not self._agent.jobs:
            if not self.leaving and not self._settings.exit_when_drained:
                self._agent.draining = False
                self._drained += 1
                return _after_drain(self._drained)
            if self._agent.idle:
                return None
        else:
            self._drained = 0
        return _pause(self._tries)

    async def _talk(self) -> None:
        """Whatever ends a connection is told in the log, and no reason to end the program."""
        try:
            async with connect(self._settings.server, **self._options()) as socket:
                await Line(socket, self._agent, self._settings.pulse).talk()
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else None
            _tell("connection closed", refused=code in _REFUSED, code=code)
        except InvalidStatus as error:
            status = error.response.status_code
            _tell("connection refused", refused=status in _REFUSED, status=status)
        except WrongSettings as error:
            log.error("token not readable", problem=str(error))
        except Exception as error:  # noqa: BLE001 - see above
            log.warning("connection failed", error=type(error).__name__, problem=_words(error))

    def _options(self) -> dict[str, Any]:
        settings = self._settings
        options: dict[str, Any] = {
            "additional_headers": {"Authorization": f"Bearer {settings.token.read()}"},
            "open_timeout": _OPEN_S,
            "close_timeout": 3,
            "max_size": MESSAGE_BYTES,
        }
        if settings.server.startswith("wss:"):
            options["ssl"] = ssl.create_default_context(cafile=settings.work.authority or None)
        return options


def _tell(event: str, *, refused: bool, **fields: Any) -> None:
    if refused:
        log.error("the gateway does not accept the token", **fields)
    else:
        log.warning(event, **fields)


def _words(error: BaseException) -> str:
    """What the system says; texts of libraries may hold addresses."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) if isinstance(error, TimeoutError) else ""


def _after_drain(times: int) -> float:
    """Longer each time: an engine that an administrator keeps empty is asked to drain again."""
    longest = min(AFTER_DRAIN_S * 2 ** min(times - 1, 10), LONGEST_AFTER_DRAIN_S)
    return random.uniform(longest / 2, longest)  # noqa: S311 - not a secret


def _pause(tries: int) -> float:
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(tries - 1, 10))
    return random.uniform(longest / 3, longest)  # noqa: S311 - not a secret
