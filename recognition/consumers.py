"""The WebSocket of engines: `/ws/supervisor`. Its messages are those of `engines.protocol`.

An engine shows its token in the `Authorization` header, says `hello`, and stays. Close codes: 4401
no good token, 4403 not allowed, 4408 too slow or too silent, 4409 the engine has another
connection, 4429 too many, 1009 a message is too large, 1013 try again later.

A plain ASGI application, like that of the events: no message waits for another engine's.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import orjson
from django.db import Error as DatabaseError

from common.asgi import Receive, Scope, Send
from common.errors import SaiError
from engines import protocol
from engines.protocol import (
    MESSAGE_BYTES,
    Accept,
    Accepted,
    BadMessage,
    Cancel,
    Done,
    Drain,
    Failed,
    FromEngine,
    Hello,
    Message,
    Ping,
    Pong,
    Progress,
    Refused,
    Reject,
    Welcome,
)
from notifications.identity import credentials_of
from notifications.racing import until_first
from recognition.gateway import hub, register, settling
from recognition.gateway.link import TOO_SLOW, Link, Work
from recognition.gateway.offers import Taker
from recognition.gateway.threads import in_import_thread, in_thread
from recognition.models import Outcome
from recordings.conf import conf
from recordings.pipeline.step import load

logger = logging.getLogger(__name__)

CLOSE_CODES: Final = {401: 4401, 403: 4403, 429: 4429, 400: 4400}
TOO_LARGE: Final = 1009
TRY_LATER: Final = 1013
TOO_MANY: Final = 4429
HELLO_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 2.0
LARGE: Final = 64 << 10
"""Longer messages are parsed in a thread: the loop serves others meanwhile."""
PER_SECOND, PER_SLOT = 50, 2
"""Messages that an engine may send: so many, and so many more for each of its slots."""
WINDOW_SECONDS: Final = 10.0


class Closed(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Gone(Exception):
    """The other side has closed."""


async def serve_engine(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    await EngineSocket(scope, receive, send).serve()


class EngineSocket:
    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._token = credentials_of(scope["headers"]).token
        self._address = (scope.get("client") or [None])[0]
        self._window, self._messages = time.monotonic(), 0
        self._allowed = PER_SECOND * WINDOW_SECONDS
        self._arriving: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        await self._receive()  # websocket.connect
        await self._send({"type": "websocket.accept"})
        try:
            await self._sign_in()
        except Closed as closed:
            await self._close(closed.code)
        except SaiError as error:
            await self._tell_error(error.code, error.message)
            await self._close(CLOSE_CODES.get(error.status, TRY_LATER))
        except DatabaseError as error:
            logger.warning("engine socket closed", extra={"error": type(error).__name__})
            await self._close(TRY_LATER)
        except (Gone, OSError):  # uvicorn's ClientDisconnected is an OSError
            pass

    async def _sign_in(self) -> None:
        token = await in_thread(register.token_of, self._token)
        gateway = hub.current()
        gateway.enter(token)
        try:
            hello = await self._await_hello()
            self._allowed += PER_SLOT * hello.slots * WINDOW_SECONDS
            admission = await in_thread(register.admit, token, hello, address=self._address)
            await self._serve_as(_link(token, hello, admission), admission)
        finally:
            gateway.depart(token)

    async def _await_hello(self) -> Hello:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                while True:
                    message = await self._next_message()
                    if isinstance(message, Hello):
                        return message
                    if message is not None:
                        await self._tell_error("hello_first", "The first message is hello.")
        except TimeoutError:
            raise Closed(TOO_SLOW) from None

    async def _serve_as(self, link: Link, admission: register.Admission) -> None:
        times = conf()
        link.say(Welcome(heartbeat_s=times.heartbeat_seconds, lease_s=times.lease_seconds))
        for held in admission.cancelled:
            link.say(Cancel(request_id=held.request_id, attempt=held.attempt))
        if admission.draining:
            link.say(Drain())
        hub.current().join(link)
        logger.info("engine connected", extra={"engine": admission.engine})
        try:
            await until_first(self._hear(link), self._speak(link), self._end(link))
        finally:
            hub.current().part(link)
            logger.info("engine disconnected", extra={"engine": admission.engine})
            with suppress(DatabaseError):
                await in_thread(register.leave, admission.engine, admission.session)

    async def _end(self, link: Link) -> None:
        raise Closed(await link.closed)

    async def _speak(self, link: Link) -> None:
        while True:
            message = await link.outbox.get()
            await self._send({"type": "websocket.send", "text": message.frame()})

    async def _hear(self, link: Link) -> None:
        while True:
            message = await self._next_message()
            link.heard = time.monotonic()
            if message is not None:
                await ANSWERS[type(message)](self, link, message)

    async def _accept(self, link: Link, message: Accept) -> None:
        work = link.find(message.request_id, message.attempt)
        if work is None:
            link.say(Cancel(request_id=message.request_id, attempt=message.attempt))
        else:
            await self._begin(work)

    async def _begin(self, work: Work) -> None:
        if work.offered_at is not None:
            work.offered_at = None
            await in_thread(settling.begin, work.step.pk, work.step.attempt)

    async def _reject(self, link: Link, message: Reject) -> None:
        work = link.find(message.request_id, message.attempt)
        if work is not None and work.offered_at is not None:
            link.shun(work.step.pk)
            link.drop(work)
            said = {"code": "rejected", "message": message.reason}
            await in_thread(settling.put_back, work.step, Outcome.REJECTED, said)
            hub.current().wake()

    async def _progress(self, link: Link, message: Progress) -> None:
        work = link.find(message.request_id, message.attempt)
        if work is None:
            link.say(Cancel(request_id=message.request_id, attempt=message.attempt))
        else:
            await self._begin(work)
            work.progress = max(work.progress, min(99, int(message.percent)))

    async def _done(self, link: Link, message: Done) -> None:
        work = link.find(message.request_id, message.attempt)
        if work is None:
            answer = await in_import_thread(
                settling.finish_late,
                link.taker.engine,
                message.request_id,
                message.attempt,
                message.result,
            )
            _tell(link, message, answer)
        elif not work.arriving:
            work.arriving = True
            work.offered_at = None
            task = asyncio.create_task(self._take_in(link, message))
            # It goes on although the connection ends: the result is here.
            self._arriving.add(task)
            task.add_done_callback(self._arriving.discard)

    async def _take_in(self, link: Link, message: Done) -> None:
        work = link.held[message.request_id]
        try:
            answer = await in_import_thread(settling.finish, work.step, message.result)
        except DatabaseError as error:
            # Not acknowledged: the engine sends it again, or the sweep finds it.
            logger.warning("result not taken in", extra={"error": type(error).__name__})
            link.close(TRY_LATER)
            return
        except Exception:
            logger.exception("result not taken in")
            link.close(TRY_LATER)
            return
        link.drop(work)
        _tell(link, message, answer)
        hub.current().wake()

    async def _failed(self, link: Link, message: Failed) -> None:
        work = link.find(message.request_id, message.attempt)
        if work is None or work.arriving:
            return  # cancelled, or somebody else's by now
        link.shun(work.step.pk)
        link.drop(work)
        await in_thread(settling.fail, work.step, message)
        hub.current().wake()

    async def _drain(self, link: Link, message: Drain) -> None:
        link.leaving = True

    async def _ping(self, link: Link, message: Ping) -> None:
        link.say(Pong())

    async def _pong(self, link: Link, message: Pong) -> None:
        pass

    async def _hello(self, link: Link, message: Hello) -> None:
        await self._tell_error("hello_twice", "hello is said once.")

    async def _next_message(self) -> FromEngine | None:
        """The next message; None when it was no good, which the engine has been told."""
        received = await self._receive()
        if received["type"] == "websocket.disconnect":
            raise Gone
        self._count()
        frame = received.get("text") or received.get("bytes") or ""
        if len(frame) > MESSAGE_BYTES:
            raise Closed(TOO_LARGE)
        try:
            if len(frame) > LARGE:
                return await asyncio.to_thread(protocol.from_engine, frame)
            return protocol.from_engine(frame)
        except BadMessage as error:
            await self._tell_error("bad_message", str(error)[:1000])
            return None

    def _count(self) -> None:
        now = time.monotonic()
        if now - self._window > WINDOW_SECONDS:
            self._window, self._messages = now, 0
        self._messages += 1
        if self._messages > self._allowed:
            raise Closed(TOO_MANY)

    async def _tell_error(self, code: str, text: str) -> None:
        """At once and past the box: whoever sends rubbish waits for his answer himself."""
        body = orjson.dumps({"type": "error", "code": code, "message": text}).decode()
        with suppress(OSError):
            await self._send({"type": "websocket.send", "text": body})

    async def _close(self, code: int) -> None:
        """An engine that takes nothing gets the code when it reads again, within bounds."""
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": code})


Answering = Callable[[EngineSocket, Link, Any], Awaitable[None]]
ANSWERS: Final[dict[type[Message], Answering]] = {
    Accept: EngineSocket._accept,
    Reject: EngineSocket._reject,
    Progress: EngineSocket._progress,
    Done: EngineSocket._done,
    Failed: EngineSocket._failed,
    Drain: EngineSocket._drain,
    Ping: EngineSocket._ping,
    Pong: EngineSocket._pong,
    Hello: EngineSocket._hello,
}


def _link(token: int, hello: Hello, admission: register.Admission) -> Link:
    taker = Taker(
        engine=admission.engine,
        worker=admission.worker,
        capabilities=tuple(sorted(set(hello.capabilities))),
        languages=tuple(sorted(set(hello.languages))),
        shared_files=hello.shared_files,
    )
    link = Link(
        taker,
        session=admission.session,
        token=token,
        slots=hello.slots,
        draining=admission.draining,
    )
    for adopted in admission.adopted:
        limit = load(adopted.step.step).time_limit.total_seconds()
        link.adopt(adopted.step, limit - adopted.since)
    return link


def _tell(link: Link, message: Done, answer: settling.Answer) -> None:
    name: dict[str, Any] = {"request_id": message.request_id, "attempt": message.attempt}
    if answer.taken:
        link.say(Accepted(**name))
    else:
        link.say(Refused(**name, reason=answer.reason[:1000]))
