"""Notices are made by real workers: told by a hint, by nobody, and while they are being killed."""

import random
import time

import pytest
from django.contrib.auth.models import Group

from notifications import hints
from notifications.models import Notice
from recordings import services
from recordings.choices import Right
from recordings.tests import factories
from tests.faults.conftest import Start
from tests.faults.watching import wait_for

pytestmark = pytest.mark.usefixtures("pipelines")


def test_killed_workers_tell_each_person_once(workers: Start) -> None:
    chance = random.Random(4096)
    group = Group.objects.create(name="sales")
    people = [factories.user() for _ in range(3)]
    group.user_set.set(people)
    worker = workers()
    for number in range(12):
        made = factories.recording()
        services.grant(made, by=made.owner, rights=[Right.VIEW], to=group)
        time.sleep(chance.uniform(0, 0.2))
        if number % 3 == 2:
            worker.kill_child(chance.randrange(2))
    wait_for(lambda: Notice.objects.count() >= 36, seconds=60)
    told = list(Notice.objects.values_list("recipient_id", "object_id"))
    assert len(told) == len(set(told)) == 36


def test_without_a_hint_they_look_by_themselves(workers: Start, monkeypatch) -> None:
    monkeypatch.setattr(hints._bell, "ring", lambda task: None)
    workers(concurrency=1)
    made, ann = factories.recording(), factories.user("ann")
    services.grant(made, by=made.owner, rights=[Right.VIEW], to=ann)
    took = wait_for(lambda: Notice.objects.filter(recipient=ann).exists(), seconds=40)
    assert took < 30
