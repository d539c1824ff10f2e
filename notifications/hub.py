"""One reader of new events for a whole web process, who hands them to everybody waiting.

Redis says that there is news; without it the hub looks by itself every second. It reads each new
event once, asks once per batch who may see it, and offers it to the feeds that want it. Lives in
one event loop; its database work is done in threads of its own, so that neither Channels' shared
thread nor a crowd of clients that catch up can hold it.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, Protocol, TypeVar

from django.db import Error as DatabaseError
from django.db import close_old_connections, connection, connections
from django.utils.translation import gettext as _

from common import hearing
from common.errors import TooMany
from notifications import stream
from notifications.conf import limits
from notifications.events import CHANNEL
from notifications.numbering import number_all
from notifications.stream import Batch, Entry, Watcher

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")

OWN_THREAD: Final = ThreadPoolExecutor(1, thread_name_prefix="events-hub")
DOOR_THREADS: Final = ThreadPoolExecutor(4, thread_name_prefix="events-door")
YIELD_EVERY: Final = 50
"""Events between two breaths of the loop."""


class Listener(Protocol):
    """Whoever wants events: see `feed.Feed`."""

    watcher: Watcher
    topics: set[str]

    def offer(self, entry: Entry) -> None: ...


async def in_thread(work: Callable[..., Answer], *args: object) -> Answer:
    """A door's database work, in a thread whose connection is kept, and checked before use."""

    def run() -> Answer:
        close_old_connections()
        try:
            return work(*args)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(DOOR_THREADS, run)


class EventHub:
    def __init__(self) -> None:
        self.position = 0
        """Every event up to here was offered to those who had joined."""
        self._readers: Counter[int] = Counter()
        self._by_topic: defaultdict[str, set[Listener]] = defaultdict(set)
        self._by_user: defaultdict[int, set[Listener]] = defaultdict(set)
        self._administrators: set[Listener] = set()
        self._news = asyncio.Event()
        self._wanted = asyncio.Event()
        self._ready = asyncio.Event()
        work = (self._read(), hearing.listen(CHANNEL, self._news.set))
        self._tasks = [asyncio.create_task(one) for one in work]

    def enter(self, user_id: int) -> None:
        """Count one more reader of this user; TooMany above the limit."""
        if self._readers[user_id] >= limits().readers_per_user:
            raise TooMany(_("Too many open event readers: close some first."), wait_seconds=5)
        self._readers[user_id] += 1
        self._wanted.set()

    def depart(self, user_id: int) -> None:
        self._readers[user_id] -= 1
        if self._readers[user_id] <= 0:
            del self._readers[user_id]

    async def ready(self) -> None:
        """Wait until `position` is true."""
        await self._ready.wait()

    def join(self, feed: Listener) -> None:
        """Offer this feed what comes after `position`."""
        for group in self._groups(feed):
            group.add(feed)

    def leave(self, feed: Listener) -> None:
        for group in self._groups(feed):
            group.discard(feed)
        for topic in feed.topics:
            if not self._by_topic[topic]:
                del self._by_topic[topic]
        if not self._by_user[feed.watcher.user_id]:
            del self._by_user[feed.watcher.user_id]

    def _groups(self, feed: Listener) -> list[set[Listener]]:
        if stream.ME not in feed.topics:
            return [self._by_topic[topic] for topic in feed.topics]
        if feed.watcher.sees_all:
            return [self._administrators]
        return [self._by_user[feed.watcher.user_id]]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(OWN_THREAD, connections.close_all)

    async def _read(self) -> None:
        while True:
            await self._wanted.wait()
            try:
                await self._catch_up()
            except (DatabaseError, OSError) as error:
                logger.warning("events not read", extra={"error": type(error).__name__})
                await asyncio.sleep(limits().poll_seconds)
            except Exception:
                logger.exception("events not read")
                await asyncio.sleep(limits().poll_seconds)
            if self._readers:
                with suppress(TimeoutError):
                    async with asyncio.timeout(limits().poll_seconds):
                        await self._news.wait()
                self._news.clear()
            else:
                self._wanted.clear()
                self._ready.clear()

    async def _catch_up(self) -> None:
        if not self._ready.is_set():
            self.position = await self._ask(number_all)
            self._ready.set()
        while True:
            batch = await self._ask(stream.fetch, self.position)
            await self._deliver(batch)
            if len(batch.entries) < stream.BATCH:
                return

    async def _ask(self, work: Callable[..., Answer], *args: object) -> Answer:
        """In the hub's thread, whose connection is kept until it fails."""

        def run() -> Answer:
            try:
                return work(*args)
            except DatabaseError:
                connection.close()
                raise

        return await asyncio.get_running_loop().run_in_executor(OWN_THREAD, run)

    async def _deliver(self, batch: Batch) -> None:
        """`position` moves with each event, so feeds may join between two of them."""
        for count, entry in enumerate(batch.entries, 1):
            viewers = batch.viewers.get(entry.topic, set()) | entry.audience
            for feed in self._by_topic.get(entry.topic, ()):
                if feed.watcher.sees_all or feed.watcher.user_id in viewers:
                    feed.offer(entry)
            for feed in self._administrators:
                feed.offer(entry)
            for user_id in viewers & self._by_user.keys():
                for feed in self._by_user[user_id]:
                    feed.offer(entry)
            self.position = entry.seq
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        self.position = batch.last


_hub: EventHub | None = None
_loop: asyncio.AbstractEventLoop | None = None


def current() -> EventHub:
    """The hub of the running event loop: one per web process."""
    global _hub, _loop
    loop = asyncio.get_running_loop()
    if _hub is None or _loop is not loop:
        _hub, _loop = EventHub(), loop
    return _hub
