"""One gateway per web process: it gives work to the engines connected here and keeps their leases.

Lives in the event loop; it is woken by hints and looks by itself every second. All it knows may be
lost: what is held stands in the rows, and an engine that connects again says what it holds.
"""

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress

from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from common import hearing
from common.errors import TooMany
from engines.protocol import OFFER_ANSWER_S, Drain, Ping
from recognition.gateway import offers, register, settling
from recognition.gateway.link import REPLACED, TOO_SILENT, Link, Work
from recognition.gateway.threads import in_thread
from recognition.models import Outcome
from recordings.conf import conf
from recordings.hints import CHANNEL
from recordings.pipeline import remote

logger = logging.getLogger(__name__)
TICK = 1.0
"""Seconds between two looks: so long it may take until an engine hears of a cancelled step."""
SOCKETS_PER_TOKEN = 60
NOT_SIGNED_IN = 4401


class Gateway:
    def __init__(self) -> None:
        self.links: set[Link] = set()
        self._sockets: Counter[int] = Counter()
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def enter(self, token: int) -> None:
        """Count one more socket of this token; TooMany above the limit."""
        if self._sockets[token] >= SOCKETS_PER_TOKEN:
            raise TooMany(_("Too many engines are connected with this token."), wait_seconds=5)
        self._sockets[token] += 1

    def depart(self, token: int) -> None:
        self._sockets[token] -= 1
        if self._sockets[token] <= 0:
            del self._sockets[token]

    def join(self, link: Link) -> None:
        """From now on it is given work, and what it holds is kept while it is heard."""
        for other in self.links:
            if other.taker.engine == link.taker.engine:
                other.close(REPLACED)
        self.links.add(link)
        if not self._tasks:
            work = (self._give(), self._keep(), hearing.listen(CHANNEL, self.wake))
            self._tasks = [asyncio.create_task(one) for one in work]
        self.wake()

    def part(self, link: Link) -> None:
        """Its connection has ended. What it held waits for it, until the leases run out."""
        self.links.discard(link)

    def wake(self) -> None:
        """There may be work, or room for it."""
        self._news.set()

    async def _give(self) -> None:
        while True:
            try:
                await self._give_all()
            except (DatabaseError, OSError) as error:
                logger.warning("no offers made", extra={"error": type(error).__name__})
                await asyncio.sleep(TICK)
            except Exception:
                logger.exception("no offers made")
                await asyncio.sleep(TICK)
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._news.wait()
            self._news.clear()

    async def _give_all(self) -> None:
        """One step after the other, each to an engine with much room, until nobody finds more."""
        nothing: set[object] = set()
        while True:
            able = [link for link in self.links if link.room > 0 and _taste(link) not in nothing]
            if not able:
                return
            link = max(able, key=lambda one: one.room / one.slots)
            if not await self._give_one(link):
                nothing.add(_taste(link))

    async def _give_one(self, link: Link) -> bool:
        offered = await in_thread(offers.make, link.taker, link.unwanted())
        if offered is None:
            return False
        if link.room <= 0 or link not in self.links:  # it went while we claimed
            await in_thread(settling.put_back, offered.step, Outcome.REJECTED)
            return True
        link.offer(offered)
        return True

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            try:
                await self._look_after()
            except (DatabaseError, OSError) as error:
                logger.warning("leases not renewed", extra={"error": type(error).__name__})
            except Exception:
                logger.exception("leases not renewed")

    async def _look_after(self) -> None:
        now = time.monotonic()
        if not (links := list(self.links)):
            return
        await self._keep_leases(links, now)
        for link in links:
            for work in link.unanswered(now, OFFER_ANSWER_S):
                await self._withdraw(link, work)
            for work in link.overdue(now):
                link.cancel(work)
                await in_thread(settling.run_out, work.step)
            self._listen_to(link, now)
        await self._ask_wishes(links, now)

    async def _keep_leases(self, links: list[Link], now: float) -> None:
        times = {"lease": conf().lease_seconds, "heartbeat": conf().heartbeat_seconds}
        claims = {(link, kept.id): kept for link in links for kept in link.claims(now, **times)}
        standing = await in_thread(remote.keep, list(claims.values()))
        for (link, step), kept in claims.items():
            if step in standing.renewed:
                link.renewed(step, now, kept.progress)
            work = link.find(str(step), kept.attempt)
            if step in standing.gone and work and not work.arriving:
                link.cancel(work)
                await in_thread(settling.close, step, kept.attempt, Outcome.LOST)
                self.wake()

    async def _withdraw(self, link: Link, work: Work) -> None:
        logger.info("offer not answered", extra={"engine": link.taker.engine})
        link.shun(work.step.pk)
        link.cancel(work)
        await in_thread(settling.put_back, work.step, Outcome.REJECTED)
        self.wake()

    def _listen_to(self, link: Link, now: float) -> None:
        heartbeat = conf().heartbeat_seconds
        if link.silent(now) > conf().lease_seconds:
            link.close(TOO_SILENT)
        elif link.silent(now) > heartbeat and now > link.pinged + heartbeat:
            link.pinged = now
            link.say(Ping())

    async def _ask_wishes(self, links: list[Link], now: float) -> None:
        """What administrators want, and that the engines were heard."""
        names = ([one.taker.engine for one in links], [one.session for one in links])
        wishes = await in_thread(register.look, *names, [one.token for one in links])
        for link, wish in zip(links, sorted_like(links, wishes), strict=True):
            _obey(link, wish)
        heard = [one for one in links if now > one.noted + conf().heartbeat_seconds / 2]
        if heard:
            await in_thread(
                register.note_heard,
                [one.taker.engine for one in heard],
                [one.session for one in heard],
                [one.silent(now) for one in heard],
            )
        for link in heard:
            link.noted = now


def sorted_like(links: list[Link], wishes: list[register.Wish]) -> list[register.Wish]:
    """The wishes in the order of their links; of two links of one engine one is not current."""
    found = {(wish.engine, wish.session): wish for wish in wishes}
    return [found[link.taker.engine, link.session] for link in links]


def _obey(link: Link, wish: register.Wish) -> None:
    if not wish.known:
        link.close(NOT_SIGNED_IN)
    elif not wish.current:
        link.close(REPLACED)
    elif wish.draining and not link.draining:
        link.say(Drain())
    link.draining = wish.draining


def _taste(link: Link) -> object:
    """Engines of the same taste find the same work."""
    taker = link.taker
    return taker.capabilities, taker.languages, link.unwanted()


_gateway: Gateway | None = None
_loop: asyncio.AbstractEventLoop | None = None


def current() -> Gateway:
    """The gateway of the running event loop: one per web process."""
    global _gateway, _loop
    loop = asyncio.get_running_loop()
    if _gateway is None or _loop is not loop:
        _gateway, _loop = Gateway(), loop
    return _gateway
