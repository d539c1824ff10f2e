"""The program: settings, a worker that introduces itself, the connection, and an orderly end."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from engines.agent import logs
from engines.agent.agent import Agent
from engines.agent.connection import Connection
from engines.agent.keeping import Kept, held, identity
from engines.agent.scratch import scratch
from engines.agent.settings import SECRETS, Settings, WrongSettings, read
from engines.agent.slots import Slot, WorkerDoesNotStart
from engines.protocol import Hello

log = structlog.get_logger(__name__)

VERSION = "0.1.0"
_ACKNOWLEDGE_S = 3.0
_HAND_BACK_S = 6.0
_START_PAUSES_S = (0.5, 2.0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 after an orderly end, 2 when it can't start like this."""
    try:
        settings = read(sys.argv[1:] if arguments is None else arguments, os.environ)
        for name in SECRETS:
            os.environ.pop(name, None)
        logs.configure(settings.work.log_level, settings.work.log_format)
        with held(settings.state), scratch(settings.scratch) as folder:
            asyncio.run(run(settings, folder))
    except WrongSettings as error:
        sys.stderr.write(f"engines.agent: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"engines.agent: {error.filename or ''} {error.strerror}\n")
        return 2
    return 0


async def run(settings: Settings, folder: Path) -> None:
    """Until SIGTERM or SIGINT, or until it is drained and was told to leave then."""
    asked, again = asyncio.Event(), asyncio.Event()

    def ask() -> None:
        (again if asked.is_set() else asked).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask)
    slots = [Slot(settings) for _ in range(settings.slots)]
    waiting = asyncio.create_task(asked.wait())
    beginning = asyncio.create_task(_introduced(settings, slots, folder))
    try:
        await asyncio.wait({beginning, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if beginning.done():
            await _live(settings, beginning.result(), waiting, again)
    finally:
        beginning.cancel()
        for slot in slots:
            await slot.close()


async def _introduced(settings: Settings, slots: Sequence[Slot], folder: Path) -> Agent:
    """Raises WrongSettings when the worker can't work."""
    kept = Kept(settings.state)
    kept.load()
    can = await _first_introduction(slots[0])
    hello = Hello(
        engine_id=identity(settings.engine_id, settings.state),
        version=VERSION,
        capabilities=can["capabilities"],
        languages=list(settings.languages or can["languages"]),
        slots=settings.slots,
        shared_files=bool(settings.work.exchange),
    )
    return Agent(hello=hello, engine=can["engine"], slots=slots, kept=kept, scratch=folder)


async def _first_introduction(slot: Slot) -> dict[str, Any]:
    """A worker that was killed while it started (memory, mostly) is not yet a wrong setting."""
    for pause in _START_PAUSES_S:
        with suppress(WorkerDoesNotStart):
            return await slot.introduce()
        log.warning("the worker ended while it started; it is started again")
        await asyncio.sleep(pause)
    return await slot.introduce()


async def _live(
    settings: Settings, agent: Agent, asked: "asyncio.Task[bool]", again: asyncio.Event
) -> None:
    _warn(settings)
    connection = Connection(settings, agent)
    talking = asyncio.create_task(connection.keep())
    await asyncio.wait({talking, asked}, return_when=asyncio.FIRST_COMPLETED)
    if asked.done():
        await _stop(agent, connection, settings.grace_s, again)
    asked.cancel()
    with suppress(TimeoutError):
        await asyncio.wait_for(talking, _ACKNOWLEDGE_S)
    if left := len(agent.hello().holding):
        log.warning("left with untold outcomes", count=left, kept=bool(settings.state))


async def _stop(agent: Agent, connection: Connection, grace_s: float, again: asyncio.Event) -> None:
    """Finish within the grace period, or hand back; a second signal ends the patience."""
    log.info("stopping", holding=len(agent.jobs), grace_s=grace_s)
    connection.leaving = True
    agent.drain()
    finished = asyncio.create_task(agent.wait(lambda: not agent.jobs, grace_s))
    hurried = asyncio.create_task(again.wait())
    await asyncio.wait({finished, hurried}, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    agent.hand_back()
    await agent.wait(lambda: not agent.jobs, _HAND_BACK_S)
    await agent.wait(lambda: agent.idle, _ACKNOWLEDGE_S)
    connection.stopping.set()
    finished.cancel()


def _warn(settings: Settings) -> None:
    """A token that travels readable over a network."""
    address = urlsplit(settings.server)
    if address.scheme == "ws" and address.hostname not in {"localhost", "127.0.0.1", "::1"}:
        log.warning("the token travels unencrypted; use wss", host=address.hostname)
