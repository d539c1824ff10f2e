"""What one reader of the event stream gets: first what he missed, then what happens.

The events he missed come from the database, page by page; the rest from the hub. Joining the hub
before the last page is read, and dropping what that page already holds, leaves no gap and no
double. A feed belongs to one event loop; one task calls `next_items`.
"""

import asyncio
from collections import deque
from typing import NamedTuple

from notifications import stream
from notifications.conf import limits
from notifications.hub import EventHub, in_thread
from notifications.stream import Entry, Page, Watcher

PAGE = 200


class Snapshot(NamedTuple):
    """From here on: every event above `seq` follows. `reset`: some before it can't be had."""

    seq: int
    reset: bool


Item = Entry | Snapshot


class TooSlow(Exception):
    """The reader takes events more slowly than they come."""


class Feed:
    def __init__(self, hub: EventHub, watcher: Watcher) -> None:
        self.watcher = watcher
        self.topics: set[str] = set()
        self.too_slow = asyncio.Event()
        """Set once more events wait than a reader may leave lying; they are dropped then."""
        self._hub = hub
        self._limit = limits().queue
        self._queue: deque[Entry] = deque()
        self._wake = asyncio.Event()
        self._position: int | None = None
        """All up to here is delivered or waits in the queue; None means the present."""
        self._joined = self._live = self._announce = False
        self._version = 0

    def subscribe(self, topics: set[str], after: int | None) -> None:
        """Add topics, and go on after the number `after`; None goes on from where the feed is.

        A snapshot comes before anything of the new subscription. The caller has checked rights.
        """
        reached = self.reached() if self.topics else None
        self._restart(self.topics | topics, reached if after is None else after)
        self._announce = True

    def unsubscribe(self, topics: set[str]) -> None:
        self._restart(self.topics - topics, self.reached())

    def reached(self) -> int | None:
        """The number up to which everything was handed out; None before the first snapshot."""
        if not self._live:
            return self._position
        return self._queue[0].seq - 1 if self._queue else self._hub.position

    def watch_as(self, watcher: Watcher) -> None:
        """The reader's rights were looked at again; goes on where it is when they differ."""
        if watcher != self.watcher:
            reached = self.reached()
            self.close()
            self.watcher = watcher
            self._restart(self.topics, reached)

    def offer(self, entry: Entry) -> None:
        """Called by the hub, in order."""
        if self.too_slow.is_set() or entry.seq <= (self._position or 0):
            return
        if len(self._queue) >= self._limit:
            self._queue.clear()
            self.too_slow.set()
            return
        self._queue.append(entry)
        self._position = entry.seq if self._live else self._position
        self._wake.set()

    async def next_items(self) -> list[Item]:
        """Wait for the next events, in order."""
        while True:
            if self.topics and not self._live:
                if items := await self._replay():
                    return items
            elif self._queue:
                items = list(self._queue)
                self._queue.clear()
                return items
            else:
                self._wake.clear()
                await self._wake.wait()

    async def falls_behind(self) -> None:
        """Raises TooSlow once it is so."""
        await self.too_slow.wait()
        raise TooSlow

    def close(self) -> None:
        if self._joined:
            self._hub.leave(self)
            self._joined = self._live = False
        self._queue.clear()

    def _restart(self, topics: set[str], after: int | None) -> None:
        self.close()
        self.topics = topics
        self._position = after
        self._version += 1
        self._wake.set()

    async def _replay(self) -> list[Item]:
        version = self._version
        await self._hub.ready()
        page = await in_thread(self._read_page, self._position)
        if version != self._version:  # another subscription came in between
            return []
        items: list[Item] = []
        if self._announce or page.reset:
            after = self._position if self._position is not None else page.last
            items.append(Snapshot(page.last if page.reset else after, page.reset))
            self._announce = False
        self._position = page.last
        self._approach(page)
        return items + page.events

    def _read_page(self, after: int | None) -> Page:
        if after is None:
            return stream.now()
        return stream.since(self.watcher, after, limit=PAGE, topics=self.topics)

    def _approach(self, page: Page) -> None:
        """Join the hub near the end; be live once nothing can lie between the page and the hub."""
        if not page.caught_up:
            return
        if self._joined or page.last >= self._hub.position:
            self._live = True
            while self._queue and self._queue[0].seq <= page.last:
                self._queue.popleft()
        if not self._joined:
            self._joined = True
            self._hub.join(self)
