"""Numbers: nobody is overtaken, nobody is blocked."""

import threading
import time

import pytest
from django.db import connection, transaction

from notifications import numbering, retention, stream
from notifications.models import Event, StreamFloor
from notifications.stream import Watcher
from notifications.tests.conftest import happen

EVERYBODY = Watcher(0, sees_all=True)
WRITERS, EACH = 8, 400


def in_thread(work, *args) -> threading.Thread:
    def run() -> None:
        try:
            work(*args)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def read_until(done, after: int) -> list[int]:
    """What a client that always asks `since` sees, until `done()` and nothing more comes."""
    seen: list[int] = []
    while True:
        finished = done()
        page = stream.since(EVERYBODY, after, limit=300, topics={stream.ME})
        assert not page.reset
        assert all(event.seq > after for event in page.events)
        seen += [event.seq for event in page.events]
        after = page.last
        if finished and not page.events:
            return seen


@pytest.mark.django_db(transaction=True)
def test_eight_writers_and_readers_who_miss_nothing():
    start = numbering.number_all()

    def write(writer: int) -> None:
        for n in range(EACH):
            with transaction.atomic():
                happen(f"w{writer}", n=n)
                if n % 50 == writer:
                    time.sleep(0.01)  # some commit late

    writers = [in_thread(write, writer) for writer in range(WRITERS)]
    others: list[list[int]] = []
    done = lambda: not any(writer.is_alive() for writer in writers)  # noqa: E731
    reader = in_thread(lambda: others.append(read_until(done, start)))
    seen = read_until(done, start)
    reader.join()

    assert len(seen) == WRITERS * EACH == Event.objects.count()
    assert seen == sorted(set(seen))
    assert others == [seen]
    for writer in range(WRITERS):
        mine = Event.objects.filter(object_id=f"w{writer}").order_by("seq")
        assert [event.data["n"] for event in mine] == list(range(EACH))


@pytest.mark.django_db(transaction=True)
def test_a_writer_frozen_in_its_transaction_blocks_nobody_and_is_seen_later():
    start = numbering.number_all()
    wrote, go_on = threading.Event(), threading.Event()

    def freeze() -> None:
        with transaction.atomic():
            happen("frozen")
            wrote.set()
            go_on.wait(30)

    frozen = in_thread(freeze)
    wrote.wait(10)
    began = time.monotonic()
    happen("quick")
    page = stream.since(EVERYBODY, start, limit=10, topics={stream.ME})
    assert [event.topic for event in page.events] == ["recording:quick"]
    assert time.monotonic() - began < 1

    go_on.set()
    frozen.join()
    page = stream.since(EVERYBODY, page.last, limit=10, topics={stream.ME})
    assert [event.topic for event in page.events] == ["recording:frozen"]


@pytest.mark.django_db(transaction=True)
def test_numbering_goes_in_batches_and_a_rolled_back_event_never_was():
    happen("first")
    start = numbering.number_all()
    for n in range(5):
        happen("a", n=n)
    with transaction.atomic():
        happen("never")
        transaction.set_rollback(True)
    assert numbering.number_pending(limit=2) == 2
    assert numbering.last_number() == start + 2
    assert Event.objects.filter(seq=None).count() == 3
    assert numbering.number_pending() == 3
    assert numbering.last_number() == start + 5
    assert not Event.objects.filter(object_id="never").exists()


@pytest.mark.django_db(transaction=True)
def test_a_numberer_that_holds_the_lock_costs_a_reader_two_seconds_and_no_more():
    happen("before")
    last = numbering.number_all()
    locked, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            happen("his")
            numbering.number_pending()
            locked.set()
            go_on.wait(30)

    holder = in_thread(hold)
    locked.wait(10)
    happen("mine")
    began = time.monotonic()
    assert numbering.number_pending() == 0
    assert time.monotonic() - began < 5
    go_on.set()
    holder.join()
    page = stream.since(EVERYBODY, last, limit=10, topics={stream.ME})
    assert {event.topic for event in page.events} == {"recording:his", "recording:mine"}


@pytest.mark.django_db
def test_inside_a_callers_transaction_numbers_are_still_right():
    happen("a")
    last = numbering.number_all()
    happen("b")
    page = stream.since(EVERYBODY, last, limit=10, topics={stream.ME})
    assert [event.seq for event in page.events] == [last + 1] == [page.last]


@pytest.mark.django_db(transaction=True)
def test_what_is_no_longer_kept_or_never_was_asks_for_a_reset():
    for n in range(10):
        happen("a", n=n)
    last = numbering.number_all()
    first = last - 9
    connection.cursor().execute(
        "UPDATE notifications_event SET at = now() - interval '9 days' WHERE seq < %s", [first + 6]
    )
    assert retention.prune(days=7) == 6
    assert StreamFloor.objects.get().seq == first + 5

    old = stream.since(EVERYBODY, first, limit=99, topics={stream.ME})
    assert (old.reset, old.last, old.events) == (True, last, [])
    edge = stream.since(EVERYBODY, first + 5, limit=99, topics={stream.ME})
    assert (edge.reset, len(edge.events)) == (False, 4)
    ahead = stream.since(EVERYBODY, last + 1, limit=99, topics={stream.ME})
    assert (ahead.reset, ahead.last) == (True, last)

    assert retention.prune(days=0) == 3, "the newest stays"
    assert stream.since(EVERYBODY, last, limit=99, topics={stream.ME}).reset is False
    assert retention.prune(days=0) == 0
