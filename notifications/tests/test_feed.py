"""The moment between what was missed and what is live."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from notifications import numbering, stream
from notifications.feed import Feed, Snapshot
from notifications.stream import Watcher
from notifications.tests.conftest import aside, happen

pytestmark = pytest.mark.django_db(transaction=True)


class HurryingHub:
    """Goes one event ahead between a feed's page and the feed's look at the hub."""

    def __init__(self, position: int) -> None:
        self._position = position
        self.joined: list[Feed] = []
        self.hurries = 1

    @property
    def position(self) -> int:
        if self.hurries:
            self.hurries -= 1
            with ThreadPoolExecutor(1) as pool:
                self._position = pool.submit(self._one_more).result()
        return self._position

    def _one_more(self) -> int:
        happen("a", n=2)
        try:
            return numbering.number_all()
        finally:
            connections.close_all()

    async def ready(self) -> None: ...

    def join(self, feed: Feed) -> None:
        self.joined.append(feed)

    def leave(self, feed: Feed) -> None:
        self.joined.remove(feed)


async def test_an_event_between_the_last_page_and_the_hub_is_not_lost(transactional_db):
    await aside(happen)("a", n=0)
    start = await aside(numbering.number_all)()
    await aside(happen)("a", n=1)
    hub = HurryingHub(start)
    feed = Feed(hub, Watcher(1, sees_all=True))
    feed.subscribe({stream.ME}, start)

    items = await feed.next_items()
    assert items[0] == Snapshot(start, reset=False)
    assert [event.seq for event in items[1:]] == [start + 1]
    assert hub.joined == [feed], "what comes from now on is kept for it"
    async with asyncio.timeout(5):
        assert [event.seq for event in await feed.next_items()] == [start + 2]
    feed.close()
    assert hub.joined == []
