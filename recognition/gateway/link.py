"""One engine's connection, as the gateway sees it: what it holds, what it is told. No database.

Times are of the monotonic clock. Nothing here waits: what an engine is told goes into a bounded
box, and an engine that does not read is closed.
"""

import asyncio
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from engines.protocol import Cancel, Message
from recognition.gateway.offers import Offered, Taker
from recordings.models import StepRun
from recordings.pipeline.remote import Kept

OUTBOX = 1000
"""Messages that may wait for an engine that reads slowly."""
UNWANTED_SECONDS = 30.0
"""How long an engine is not offered again what it did not take."""
TOO_SLOW, REPLACED, TOO_SILENT = 4408, 4409, 4408


@dataclass(slots=True)
class Work:
    """A step that the engine was offered or works on."""

    step: StepRun
    deadline: float
    offered_at: float | None
    """None once it was accepted."""
    renewed_at: float = field(default_factory=time.monotonic)
    progress: int = 0
    told: int = 0
    arriving: bool = False
    """Its result is being taken in."""

    @property
    def request_id(self) -> str:
        return str(self.step.pk)


class Link:
    def __init__(
        self, taker: Taker, *, session: uuid.UUID, token: int, slots: int, draining: bool
    ) -> None:
        self.taker, self.session, self.token, self.slots = taker, session, token, slots
        self.draining = draining
        """An administrator wants it to take nothing new."""
        self.leaving = False
        """It wants that itself."""
        self.heard = self.noted = time.monotonic()
        self.pinged = 0.0
        self.held: dict[str, Work] = {}
        self.outbox: asyncio.Queue[Message] = asyncio.Queue(OUTBOX)
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The code to close with."""
        self._unwanted: dict[int, float] = {}

    @property
    def room(self) -> int:
        """Requests that it would take now."""
        if self.draining or self.leaving or self.closed.done():
            return 0
        return self.slots - len(self.held)

    def say(self, message: Message) -> None:
        try:
            self.outbox.put_nowait(message)
        except asyncio.QueueFull:
            self.close(TOO_SLOW)

    def close(self, code: int) -> None:
        if not self.closed.done():
            self.closed.set_result(code)

    def silent(self, now: float) -> float:
        """Seconds since it was heard."""
        return now - self.heard

    def offer(self, offered: Offered) -> None:
        now = time.monotonic()
        self.held[str(offered.step.pk)] = Work(offered.step, now + offered.seconds, now)
        self.say(offered.message)

    def adopt(self, step: StepRun, seconds: float) -> None:
        """It holds this since an earlier connection, and may take `seconds` more."""
        work = Work(step, time.monotonic() + seconds, None)
        work.progress = work.told = step.progress
        self.held[str(step.pk)] = work

    def find(self, request_id: str, attempt: int) -> Work | None:
        work = self.held.get(request_id)
        return work if work and work.step.attempt == attempt else None

    def drop(self, work: Work) -> None:
        if self.held.get(work.request_id) is work:
            del self.held[work.request_id]

    def cancel(self, work: Work) -> None:
        """It is told to stop, and holds it no more."""
        self.drop(work)
        self.say(Cancel(request_id=work.request_id, attempt=work.step.attempt))

    def shun(self, step: int) -> None:
        """Somebody else shall have a look at it first."""
        self._unwanted[step] = time.monotonic() + UNWANTED_SECONDS

    def unwanted(self) -> tuple[int, ...]:
        now = time.monotonic()
        for step in [step for step, until in self._unwanted.items() if until < now]:
            del self._unwanted[step]
        return tuple(sorted(self._unwanted))

    def unanswered(self, now: float, patience: float) -> list[Work]:
        """Offers that were not answered for so long."""
        return [
            work
            for work in self.held.values()
            if work.offered_at is not None and now > work.offered_at + patience
        ]

    def overdue(self, now: float) -> list[Work]:
        return [work for work in self.held.values() if now > work.deadline and not work.arriving]

    def claims(self, now: float, *, lease: float, heartbeat: float) -> Iterator[Kept]:
        """What shall be kept: until `lease` after the engine was heard, not after we looked."""
        left = lease - self.silent(now)
        for work in self.held.values():
            moved = work.progress != work.told
            due = left > 0 and (moved or now > work.renewed_at + heartbeat / 2)
            yield Kept(work.step.pk, work.step.attempt, left, work.progress, due, due and moved)

    def renewed(self, step: int, now: float, progress: int) -> None:
        if work := self.held.get(str(step)):
            work.renewed_at, work.told = now, progress
