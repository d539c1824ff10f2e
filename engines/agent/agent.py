"""What the engine holds, and what it answers to each message of the gateway.

Knows nothing of sockets: a link, when there is one, takes messages; without one the work goes on
and is told of at the next `hello`.
"""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import structlog

from engines.agent import failures
from engines.agent.keeping import Kept
from engines.agent.slots import Outcome, Slot
from engines.errors import EngineError
from engines.protocol import (
    Accept,
    Accepted,
    Cancel,
    Done,
    Drain,
    Failed,
    FromEngine,
    FromServer,
    Held,
    Hello,
    Ping,
    Pong,
    Problem,
    Progress,
    Refused,
    Reject,
    SummarizeOffer,
    TranscribeOffer,
    Welcome,
)

log = structlog.get_logger(__name__)

OURS = ("", "auto", "remote")
"""What an offer's `params.engine` may say without insisting on somebody else."""
BUSY = "busy"
_SHORT_LIVED: Any = {"attempt": True, "upload_url": True, "files": {"__all__": {"url"}}}


class Link(Protocol):
    """A connection that was welcomed."""

    def send(self, message: FromEngine) -> None: ...


@dataclass
class Job:
    """A request on a slot. `verdict`: its outcome, when that is decided before its end; `silent`:
    nobody wants to hear of it; `ending`: its outcome is on its way."""

    offer: TranscribeOffer | SummarizeOffer
    slot: Slot
    percent: float = 0.0
    stage: str = "start"
    verdict: EngineError | None = None
    silent: bool = False
    ending: bool = False
    told: tuple[float, str] = (-1.0, "")
    task: "asyncio.Task[None]" = field(init=False)

    @property
    def is_over(self) -> bool:
        return self.verdict is not None or self.silent or self.ending


class Agent:
    """Offers in, outcomes out. All methods run in one event loop."""

    def __init__(
        self, *, hello: Hello, engine: str, slots: Sequence[Slot], kept: Kept, scratch: Path
    ) -> None:
        self._hello, self._engine = hello, engine
        self._slots, self._kept, self._scratch = list(slots), kept, scratch
        self._jobs: dict[str, Job] = {}
        self._parked: dict[str, TranscribeOffer | SummarizeOffer] = {}
        self._link: Link | None = None
        self._changed = asyncio.Event()
        self.draining = False

    @property
    def _leaving(self) -> int:
        """Jobs that are about to free their slot."""
        return sum(job.is_over for job in self._jobs.values())

    def hello(self) -> Hello:
        held = [job.offer for job in self.jobs if not job.verdict] + list(self._kept)
        holding = [Held(request_id=one.request_id, attempt=one.attempt) for one in held]
        return self._hello.model_copy(update={"holding": holding})

    @property
    def jobs(self) -> list[Job]:
        """What is being worked on and still wanted."""
        return [job for job in self._jobs.values() if not job.silent]

    @property
    def idle(self) -> bool:
        """Nothing in work and nothing that somebody has yet to hear of."""
        return not self._jobs and not len(self._kept)

    async def wait(self, condition: Callable[[], bool], limit_s: float | None = None) -> bool:
        """Until the condition holds (asked at every change) or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        return condition()

    def attach(self, link: Link) -> None:
        """A welcomed connection: what is finished is told first."""
        self._link = link
        for outcome in self._kept:
            link.send(outcome)
        if self.draining:
            link.send(Drain())
        self.report()

    def detach(self) -> None:
        self._link = None
        self._parked.clear()

    def report(self, *, changes_only: bool = False) -> None:
        """Progress of everything in work."""
        for job in self.jobs:
            if job.is_over or (changes_only and job.told == (job.percent, job.stage)):
                continue
            job.told = (job.percent, job.stage)
            self._send(
                Progress(
                    request_id=job.offer.request_id,
                    attempt=job.offer.attempt,
                    percent=job.percent,
                    stage=job.stage,
                )
            )

    def sent(self, message: FromEngine) -> None:
        """A failure that reached the gateway is told once; a result waits for its answer."""
        if isinstance(message, Failed) and self._kept.get(message.request_id) is message:
            self._kept.forget(message.request_id)
            self._changed.set()

    def drain(self) -> None:
        """Take nothing new, and say so."""
        if not self.draining:
            self.draining = True
            self._changed.set()
            self._send(Drain())

    def hand_back(self) -> None:
        """Give up everything in work; somebody else may do it."""
        for job in self.jobs:
            job.verdict = failures.stopping()
            job.slot.cancel()

    def receive(self, message: FromServer) -> None:
        match message:
            case TranscribeOffer() | SummarizeOffer():
                self._consider(message)
            case Cancel():
                self._cancel(message)
            case Accepted() | Refused():
                self._settle(message)
            case Drain():
                log.info("the gateway asks to drain", holding=len(self._jobs))
                self.draining = True
                self._changed.set()
            case Ping():
                self._send(Pong())
            case Problem():
                log.error("the gateway complains", code=message.code, problem=message.message)
            case Welcome() | Pong():
                pass

    def reject(self, held: Held, reason: str) -> None:
        log.info("offer rejected", request=held.request_id, attempt=held.attempt, reason=reason)
        self._send(Reject(request_id=held.request_id, attempt=held.attempt, reason=reason))

    def _consider(self, offer: TranscribeOffer | SummarizeOffer) -> None:
        if job := self._jobs.get(offer.request_id):
            self._consider_again(job, offer)
        elif (kept := self._kept.get(offer.request_id)) and kept.attempt >= offer.attempt:
            if kept.attempt > offer.attempt:
                self.reject(offer, "old_attempt")
            else:
                self._accept(offer)
                self._send(kept)
        elif reason := self._reason_against(offer):
            if reason == BUSY and self._leaving > len(self._parked):
                self._park(offer)
            else:
                self.reject(offer, reason)
        else:
            self._kept.forget(offer.request_id)
            self._begin(offer)

    def _consider_again(self, job: Job, offer: TranscribeOffer | SummarizeOffer) -> None:
        """A doubled offer is accepted twice; the same work under a newer attempt goes on under
        it (the gateway thought that we were dead); other work for the request ends the old one."""
        if offer.attempt < job.offer.attempt:
            self.reject(offer, "old_attempt")
        elif job.is_over:
            self._park(offer)
        elif offer.attempt == job.offer.attempt or _same_work(offer, job.offer):
            job.offer = offer
            self._accept(offer)
        else:
            job.silent = True
            job.slot.cancel()
            self._park(offer)

    def _park(self, offer: TranscribeOffer | SummarizeOffer) -> None:
        """Answered when a slot that is being emptied is free: a gateway that cancels offers the
        next thing at once, and rejected work goes elsewhere for a while."""
        self._parked[offer.request_id] = offer

    def _consider_parked(self) -> None:
        parked, self._parked = self._parked, {}
        for offer in parked.values():
            self._consider(offer)

    def _reason_against(self, offer: TranscribeOffer | SummarizeOffer) -> str:
        """Why not; empty when the offer can be taken."""
        if self.draining:
            return "draining"
        if offer.kind not in self._hello.capabilities:
            return "not_capable"
        if isinstance(offer, TranscribeOffer) and (reason := self._cannot_hear(offer)):
            return reason
        return "" if self._free_slot() else BUSY

    def _cannot_hear(self, offer: TranscribeOffer) -> str:
        asked = (offer.params.language or "").replace("_", "-").partition("-")[0].lower()
        if asked and self._hello.languages and asked not in self._hello.languages:
            return "language"
        if (offer.params.engine or "") not in (*OURS, self._engine):
            return "engine"
        unreachable = not self._hello.shared_files and not all(file.url for file in offer.files)
        return "no_files" if unreachable else ""

    def _free_slot(self) -> Slot | None:
        busy = {id(job.slot) for job in self._jobs.values()}
        return next((slot for slot in self._slots if id(slot) not in busy), None)

    def _accept(self, held: Held) -> None:
        self._send(Accept(request_id=held.request_id, attempt=held.attempt))

    def _begin(self, offer: TranscribeOffer | SummarizeOffer) -> None:
        slot = self._free_slot()
        assert slot
        job = Job(offer=offer, slot=slot)
        self._jobs[offer.request_id] = job
        self._accept(offer)
        log.info("work begins", request=offer.request_id, attempt=offer.attempt, kind=offer.kind)
        job.task = asyncio.create_task(self._work(job))

    async def _work(self, job: Job) -> None:
        def on_progress(percent: float, stage: str) -> None:
            job.percent, job.stage = percent, stage

        folder = self._scratch / f"{id(job):x}"
        try:
            folder.mkdir()
            order = job.offer.model_dump(mode="json")
            outcome = await job.slot.run(order, scratch=folder, on_progress=on_progress)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            job.ending = True
            if not job.silent:
                await self._finish(job, outcome)
        except OSError:
            await self._finish(job, {"failed": failures.told(failures.no_space())})
        finally:
            del self._jobs[job.offer.request_id]
            self._consider_parked()
            self._changed.set()

    async def _finish(self, job: Job, outcome: Outcome) -> None:
        """A result that was ready before the cancel was heard is thrown away, one that was ready
        before we had to stop is not."""
        ids = {"request_id": job.offer.request_id, "attempt": job.offer.attempt}
        if job.verdict and (job.verdict.code == "cancelled" or "failed" in outcome):
            outcome = {"failed": failures.told(job.verdict)}
        message: Done | Failed
        if "failed" in outcome:
            message = Failed(**ids, **outcome["failed"])
            log.warning("work failed", request=ids["request_id"], code=message.code)
        else:
            message = Done(**ids, result=outcome["done"])
            log.info("work done", request=ids["request_id"], attempt=ids["attempt"])
        await self._kept.add(message)
        self._send(message)

    def _cancel(self, cancel: Cancel) -> None:
        job, kept = self._jobs.get(cancel.request_id), self._kept.get(cancel.request_id)
        self._parked.pop(cancel.request_id, None)
        holder = job.offer if job else kept
        if holder and cancel.attempt < holder.attempt:
            log.warning("cancel of an old attempt", request=cancel.request_id)
        elif job and cancel.attempt == job.offer.attempt:
            job.verdict = failures.cancelled()
            job.slot.cancel()
        else:
            if kept and cancel.attempt == kept.attempt:
                self._kept.forget(cancel.request_id)
                self._changed.set()
            told = failures.told(failures.cancelled())
            self._send(Failed(request_id=cancel.request_id, attempt=cancel.attempt, **told))

    def _settle(self, answer: Accepted | Refused) -> None:
        kept = self._kept.get(answer.request_id)
        if kept is None or kept.attempt != answer.attempt:
            return
        if isinstance(answer, Refused):
            log.warning("result refused", request=answer.request_id, reason=answer.reason)
        self._kept.forget(answer.request_id)
        self._changed.set()

    def _send(self, message: FromEngine) -> None:
        if self._link:
            self._link.send(message)


def _same_work(one: TranscribeOffer | SummarizeOffer, other: object) -> bool:
    """Whether only the attempt and the short-lived URLs differ."""
    if type(one) is not type(other) or not isinstance(other, TranscribeOffer | SummarizeOffer):
        return False
    return one.model_dump(exclude=_SHORT_LIVED) == other.model_dump(exclude=_SHORT_LIVED)
