"""Notices from events: who is told of what, exactly once, whoever is killed."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import DatabaseError, connections, transaction

from accounts.choices import Role
from accounts.models import User
from notifications import cursors, events, making
from notifications.choices import Fact
from notifications.models import Delivery, Notice, NoticePreferences, StreamCursor
from notifications.tests import audience
from notifications.tests.conftest import happen
from notifications.tests.scene import Pigeons, given, make_all, meeting, recognised

Person = Callable[..., User]


@pytest.fixture(autouse=True)
def pigeons(settings) -> Iterator[type[Pigeons]]:
    settings.NOTICE_CHANNELS = {"pigeons": "notifications.tests.scene.Pigeons"}
    settings.NOTICE_DEFAULTS = ["page", "pigeons"]
    return Pigeons


def told() -> set[tuple[str, str]]:
    return {(one.recipient.username, one.fact) for one in Notice.objects.all()}


def test_everybody_who_may_see_it_is_told(person: Person) -> None:
    ann, bob, _eve, _root = person("ann"), person("bob"), person("eve"), person("root", Role.ADMIN)
    recognised(meeting(ann, bob))
    make_all()
    assert told() == {("ann", Fact.RECOGNISED), ("bob", Fact.RECOGNISED)}
    assert Delivery.objects.filter(channel="pigeons").count() == 2


def test_each_fact(person: Person) -> None:
    ann, bob = person("ann"), person("bob")
    key = meeting(ann)
    happen(key, **{"from": "waiting_media", "to": "ready"})
    recognised(key)
    happen(key, events.SUMMARY_READY, summary=3)
    happen(key, **{"from": "processing", "to": "failed"})
    given(key, to=bob, by=ann)
    audience.allowed[key].add(bob.pk)
    make_all()
    of_ann = set(Notice.objects.filter(recipient=ann).values_list("fact", flat=True))
    assert of_ann == {*Fact} - {Fact.ACCESS_GIVEN}
    assert Notice.objects.get(fact=Fact.ACCESS_GIVEN).data == {"by": ann.pk}
    assert Notice.objects.get(fact=Fact.ACCESS_GIVEN).recipient == bob


def test_what_is_no_fact(person: Person) -> None:
    ann = person("ann")
    upload, started = meeting(ann, kind="upload"), meeting(ann, status="processing")
    for key in (upload, started):
        happen(key, **{"from": "waiting_media", "to": "ready"})
        happen(key, **{"from": "ready", "to": "processing"})
        happen(key, **{"from": "processing", "to": "done"})
        happen(key, events.STEP_PROGRESS, progress=5)
    make_all()
    assert told() == set()
    assert StreamCursor.objects.get(name="notices").seq > 0


def test_a_failure_keeps_its_reason(person: Person) -> None:
    error = {"code": "no_model", "message": "No model", "next_action": "Get it", "retryable": False}
    happen(meeting(person("ann"), error=error), **{"from": "processing", "to": "failed"})
    make_all()
    assert Notice.objects.get().data == {"error": error}


def test_once_for_each_fact_however_often_it_is_read(person: Person) -> None:
    key = meeting(person("ann"))
    for _ in range(2):
        happen(key, **{"from": "waiting_media", "to": "ready"})
    recognised(key, 1)
    recognised(key, 2)
    make_all()
    assert Notice.objects.count() == 3  # ready once, and two transcripts
    StreamCursor.objects.update(seq=0)
    make_all()
    make_all()
    assert Notice.objects.count() == 3
    assert Delivery.objects.count() == 3


def test_whom_nobody_can_reach_or_who_is_gone(person: Person) -> None:
    lost, off = person("unreachable"), person("off")
    User.objects.filter(pk=off.pk).update(is_active=False)
    recognised(meeting(lost, off))
    make_all()
    assert told() == {("unreachable", Fact.RECOGNISED)}
    assert Delivery.objects.count() == 0


def test_a_channel_that_can_not_tell_loses_nothing(person: Person, monkeypatch) -> None:
    monkeypatch.setattr(Pigeons, "reaches", lambda self, user: 1 / 0)
    recognised(meeting(person("ann")))
    make_all()
    assert (Notice.objects.count(), Delivery.objects.count()) == (1, 1)


def test_choices_decide(person: Person) -> None:
    ann = person("ann")
    NoticePreferences.objects.create(
        user=ann, channels={Fact.RECOGNISED: [], Fact.SUMMARY_READY: ["page", "telegraph"]}
    )
    key = meeting(ann)
    recognised(key)
    happen(key, events.SUMMARY_READY, summary=1)
    happen(key, **{"from": "processing", "to": "failed"})
    make_all()
    assert not Notice.objects.get(fact=Fact.RECOGNISED).on_page
    assert Notice.objects.get(fact=Fact.SUMMARY_READY).on_page
    assert {one.notices.get().fact for one in Delivery.objects.all()} == {Fact.RECOGNITION_FAILED}


def test_a_digest_gathers(person: Person) -> None:
    ann = person("ann")
    NoticePreferences.objects.create(user=ann, digest="daily")
    for number in range(3):
        recognised(meeting(ann, title=f"No. {number}"))
    make_all()
    delivery = Delivery.objects.get()
    assert delivery.together
    assert delivery.notices.count() == 3
    Delivery.objects.update(status="sent")
    recognised(meeting(ann))
    make_all()  # what was sent meanwhile is not opened again
    assert sorted(one.notices.count() for one in Delivery.objects.all()) == [1, 3]


def test_one_bad_fact_does_not_stop_the_others(person: Person, monkeypatch, caplog) -> None:
    ann = person("ann")
    bad, good = meeting(ann), meeting(ann)
    recognised(bad)
    recognised(good)
    write = making._write

    def writes(happening, key, user):
        if happening.object[1] == bad:
            raise KeyError("broken")
        write(happening, key, user)

    monkeypatch.setattr(making, "_write", writes)
    make_all()
    assert Notice.objects.get().object_id == good
    assert "notice not made" in caplog.text


def test_killed_between_any_two_writes(person: Person, monkeypatch) -> None:
    """The n-th statement of the maker fails, for each n in turn: then there is nothing at all of
    this batch, or all of it, and in the end everything once."""
    people = [person(name) for name in ("ann", "bob")]
    NoticePreferences.objects.create(user=people[1], digest="hourly")
    for _ in range(3):
        recognised(meeting(*people))
    deaths = 0
    for deadly in range(1, 200):
        count = 0

        def dies(execute, sql, params, many, context, deadly=deadly):
            nonlocal count
            count += 1
            if count == deadly:
                raise DatabaseError("killed")
            return execute(sql, params, many, context)

        try:
            with transaction.get_connection().execute_wrapper(dies):
                make_all()
        except DatabaseError:
            deaths += 1
            assert Notice.objects.count() in (0, 6)
        else:
            break
        if Notice.objects.exists():
            break
    assert deaths > 20
    make_all()
    assert Notice.objects.count() == 6
    assert {one.deliveries.count() for one in Notice.objects.all()} == {1}
    assert Delivery.objects.count() == 4  # ann's three, bob's one


def test_two_makers_at_once(person: Person, monkeypatch) -> None:
    monkeypatch.setattr(cursors, "BATCH", 2)
    people = [person(f"p{number}") for number in range(3)]
    keys = [meeting(*people) for _ in range(10)]
    trouble: list[BaseException] = []

    def maker() -> None:
        try:
            for _ in range(30):
                making.make_notices()
        except BaseException as error:
            trouble.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=maker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for key in keys:
        recognised(key)
    for thread in threads:
        thread.join(30)
    make_all()
    assert trouble == []
    assert Notice.objects.count() == 30
    assert Delivery.objects.count() == 30


def test_a_database_that_was_put_back(person: Person) -> None:
    StreamCursor.objects.update_or_create(name="notices", defaults={"seq": 10**9})
    key = meeting(person("ann"))
    happen(key)
    make_all()  # what it had read is not there: it goes on from the end
    recognised(key)
    make_all()
    assert told() == {("ann", Fact.RECOGNISED)}
