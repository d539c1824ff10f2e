"""Messages on their way: claimed, fenced, tried again, held back at night, gathered."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connections, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from notifications import delivering, events, tasks
from notifications.choices import PAUSES, DeliveryStatus
from notifications.models import Delivery, Notice, NoticePreferences
from notifications.retention import prune_notices
from notifications.tests import audience
from notifications.tests.conftest import happen
from notifications.tests.scene import Pigeons, failure, given, make_all, meeting, recognised

Person = Callable[..., User]


@pytest.fixture(autouse=True)
def pigeons(settings) -> Iterator[type[Pigeons]]:
    settings.NOTICE_CHANNELS = {"pigeons": "notifications.tests.scene.Pigeons"}
    settings.NOTICE_DEFAULTS = ["page", "pigeons"]
    settings.PUBLIC_URL = "https://sai.example"
    Pigeons.sent.clear()
    Pigeons.failing.clear()
    yield Pigeons
    Pigeons.sent.clear()
    Pigeons.failing.clear()


def told(*people: User, title: str = "Budget", **more: object) -> str:
    key = meeting(*people, title=title, **more)
    recognised(key)
    make_all()
    return key


def statuses() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("status", flat=True))


def test_a_message_says_what_where_and_nothing_else(person: Person, pigeons) -> None:
    ann = person("ann")
    User.objects.update(language="en")
    key = told(ann, title="Budget\r\nBcc: all@evil")
    tasks.deliver()
    ((name, message),) = pigeons.sent
    assert name == "ann"
    assert message.title == "SAI: Recognised: Budget Bcc: all@evil"
    assert message.link == f"https://sai.example/recordings/{key}/"
    assert message.body == f"Recognised: Budget Bcc: all@evil\n{message.link}"
    assert message.objects == (("recording", key),)
    assert message.key == Delivery.objects.get().key
    assert Delivery.objects.get().sent_at is not None


def test_a_failure_carries_its_reason_and_what_to_do(person: Person, pigeons) -> None:
    error = {
        "code": "no_model",
        "message": "The model is not here.",
        "next_action": "Fetch it.",
        "retryable": False,
    }
    ann = person("ann")
    User.objects.update(language="en")
    happen(meeting(ann, error=error), **{"from": "processing", "to": "failed"})
    make_all()
    tasks.deliver()
    assert "The model is not here. Fetch it." in pigeons.sent[0][1].body


def test_each_reads_his_own_language(person: Person, pigeons) -> None:
    ann, boris = person("ann"), person("boris")
    User.objects.filter(pk=ann.pk).update(language="en")
    User.objects.filter(pk=boris.pk).update(language="ru")
    told(ann, boris)
    tasks.deliver()
    bodies = {name: message.body for name, message in pigeons.sent}
    assert bodies["ann"].startswith("Recognised:")
    assert set(bodies) == {"ann", "boris"}


def test_who_gave_access_is_named(person: Person, pigeons) -> None:
    ann, bob = person("ann"), person("bob")
    User.objects.filter(pk=bob.pk).update(first_name="Bob", last_name="Gray", language="en")
    User.objects.filter(pk=ann.pk).update(language="en")
    given(meeting(ann), to=ann, by=bob)
    make_all()
    tasks.deliver()
    assert "By Bob Gray." in pigeons.sent[0][1].body


def test_whose_access_was_taken_back_hears_nothing(person: Person, pigeons) -> None:
    key = told(person("ann"))
    audience.allowed[key].clear()
    gone = told(person("bob"))
    del audience.subjects[gone]
    tasks.deliver()
    assert pigeons.sent == []
    assert statuses() == [DeliveryStatus.DROPPED] * 2


def test_tried_again_ever_later_and_given_up_in_the_end(person: Person, pigeons) -> None:
    told(person("ann"))
    for number in range(len(PAUSES)):
        pigeons.failing.append(failure(retryable=True))
        before = timezone.now()
        tasks.deliver()
        tasks.deliver()  # it is not due: nothing happens
        row = Delivery.objects.get()
        assert row.failures == number + 1 or row.status == DeliveryStatus.FAILED
        assert pigeons.failing == []
        if number + 1 < len(PAUSES):
            waits = (row.ready_at - before).total_seconds()
            assert abs(waits - PAUSES[number + 1]) < 5
            Delivery.objects.update(ready_at=timezone.now() - dt.timedelta(seconds=1))
    row = Delivery.objects.get()
    assert row.status == DeliveryStatus.FAILED
    assert row.error["code"] == "no_wind"
    assert pigeons.sent == []


def test_what_can_not_be_mended_is_not_tried_again(person: Person, pigeons) -> None:
    told(person("ann"))
    pigeons.failing.append(failure(retryable=False))
    tasks.deliver()
    assert statuses() == [DeliveryStatus.FAILED]


def test_a_channel_that_fails_is_left_in_peace_for_now(person: Person, pigeons) -> None:
    told(person("ann"), person("bob"), person("eve"))
    pigeons.failing.append(failure(retryable=True))
    tasks.deliver()
    assert pigeons.sent == []
    tasks.deliver()
    assert len(pigeons.sent) == 2


def test_a_broken_channel_breaks_nothing_else(person: Person, pigeons, monkeypatch) -> None:
    told(person("ann"))

    def breaks(self, user, message):
        raise ZeroDivisionError

    monkeypatch.setattr(Pigeons, "send", breaks)
    tasks.deliver()
    row = Delivery.objects.get()
    assert (row.status, row.error["code"]) == (DeliveryStatus.WAITING, "channel_broke")


def test_no_transaction_is_open_while_a_channel_is_asked(person: Person, monkeypatch) -> None:
    told(person("ann"))
    seen = []
    monkeypatch.setattr(
        Pigeons, "send", lambda self, user, message: seen.append(transaction.get_connection())
    )
    tasks.deliver()
    assert [connection.in_atomic_block for connection in seen] == [False]


def test_killed_after_the_claim_it_goes_to_another(person: Person, pigeons) -> None:
    told(person("ann"))
    dead = delivering.claim()
    assert dead
    assert delivering.claim() is None  # the lease holds
    Delivery.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    tasks.deliver()
    assert len(pigeons.sent) == 1
    delivering._settle(dead, DeliveryStatus.FAILED)  # what comes late changes nothing
    delivering._postpone(dead, pause=0)
    assert statuses() == [DeliveryStatus.SENT]


def test_killed_after_sending_it_comes_twice_with_one_key(person: Person, pigeons, monkeypatch):
    told(person("ann"))
    with monkeypatch.context() as patched:
        patched.setattr(delivering, "_settle", lambda *args, **more: None)
        tasks.deliver()
    Delivery.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    tasks.deliver()
    tasks.deliver()
    keys = [message.key for _name, message in pigeons.sent]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_what_kills_everybody_is_given_up(person: Person, pigeons) -> None:
    told(person("ann"))
    Delivery.objects.update(attempt=delivering.MOST_ATTEMPTS)
    tasks.deliver()
    assert (statuses(), pigeons.sent) == ([DeliveryStatus.FAILED], [])


def test_many_senders_at_once_send_each_once(person: Person, pigeons) -> None:
    people = [person(f"p{number}") for number in range(12)]
    told(*people)

    def sender() -> None:
        try:
            tasks.deliver()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sender) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(name for name, _message in pigeons.sent) == sorted(p.username for p in people)
    assert set(statuses()) == {DeliveryStatus.SENT}


def _quiet_now(user: User) -> None:
    now = dt.datetime.now(dt.UTC)
    NoticePreferences.objects.update_or_create(
        user=user,
        defaults={
            "quiet_from": (now - dt.timedelta(hours=1)).time(),
            "quiet_until": (now + dt.timedelta(hours=2)).time(),
            "time_zone": "UTC",
        },
    )


def test_quiet_hours_hold_back(person: Person, pigeons) -> None:
    ann = person("ann")
    _quiet_now(ann)
    for number in range(3):
        told(ann, title=f"No. {number}")
    tasks.deliver()
    assert pigeons.sent == []
    row = Delivery.objects.get()  # all three in one
    assert row.notices.count() == 3
    assert dt.timedelta(hours=1.9) < row.ready_at - timezone.now() < dt.timedelta(hours=2.1)
    assert Notice.objects.count() == 3  # on the page at once


def test_quiet_hours_that_began_since(person: Person, pigeons) -> None:
    """A message that is tried again does not wake anybody."""
    ann = person("ann")
    told(ann)
    _quiet_now(ann)
    tasks.deliver()
    row = Delivery.objects.get()
    assert (row.status, row.failures, pigeons.sent) == (DeliveryStatus.WAITING, 0, [])
    assert row.ready_at > timezone.now() + dt.timedelta(hours=1)


def test_a_digest_is_one_message_within_its_length(person: Person, pigeons, settings) -> None:
    ann = person("ann")
    User.objects.update(language="en")
    NoticePreferences.objects.create(user=ann, digest="hourly")
    for number in range(40):
        recognised(meeting(ann, title=f"No. {number:02} {'x' * 150}"))
    make_all()
    tasks.deliver()
    assert pigeons.sent == []
    Delivery.objects.update(ready_at=F("created_at"))
    tasks.deliver()
    ((_name, message),) = pigeons.sent
    shown = message.body.count("Recognised:")
    assert len(message.body) <= 4096
    assert 10 < shown < 40
    assert message.title == "SAI: 40 notices"
    assert f"and {40 - shown} more: https://sai.example/notices/" in message.body
    assert "No. 00" in message.body


def test_a_short_digest_is_whole(person: Person, pigeons) -> None:
    ann = person("ann")
    User.objects.update(language="en")
    NoticePreferences.objects.create(user=ann, digest="daily")
    for number in range(3):
        told(ann, title=f"No. {number}")
    Delivery.objects.update(ready_at=F("created_at"))
    tasks.deliver()
    ((_name, message),) = pigeons.sent
    assert message.body.count("Recognised:") == 3
    assert "more" not in message.body
    assert message.link == "https://sai.example/notices/"


def test_old_ones_are_forgotten_but_not_what_waits(person: Person) -> None:
    ann = person("ann")
    told(ann)
    tasks.deliver()
    told(ann)
    assert prune_notices(1) == 0
    for model in (Notice, Delivery):
        model.objects.update(created_at=timezone.now() - dt.timedelta(days=2))
    prune_notices(1)
    assert (Notice.objects.count(), statuses()) == (1, [DeliveryStatus.WAITING])


def test_it_happens_by_itself_when_a_worker_is_there(person: Person, monkeypatch) -> None:
    """Hints name the tasks that exist, and one leads to the other."""
    from notifications import hints

    rung: list[str] = []
    monkeypatch.setattr(hints._bell, "ring", rung.append)
    ann = person("ann")
    recognised(meeting(ann))
    assert rung == [hints.MAKE]
    tasks.make_notices()
    assert rung == [hints.MAKE, hints.DELIVER]
    assert {tasks.make_notices.name, tasks.deliver.name} == set(rung)
    happen(meeting(ann), events.STEP_PROGRESS)
    assert len(rung) == 2
