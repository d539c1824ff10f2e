"""Workers look for notices by themselves: without a broker and without beat."""

import threading
from collections.abc import Callable

from django.db import DatabaseError

from accounts.models import User
from notifications import tasks
from notifications.models import Notice
from notifications.tests.scene import meeting, recognised


def begun(monkeypatch, queues: list[str]) -> list[str]:
    """Names of the threads that a pool process of a worker of these queues starts."""
    names: list[str] = []
    monkeypatch.setattr(threading.Thread, "start", lambda thread: names.append(thread.name))
    monkeypatch.setattr(type(tasks.current_app.amqp.queues), "consume_from", dict.fromkeys(queues))
    tasks.watch()
    return names


def test_a_worker_of_the_queue_looks(transactional_db, monkeypatch) -> None:
    assert begun(monkeypatch, ["download", "cpu"]) == ["notices"]


def test_a_worker_of_other_queues_does_not(transactional_db, monkeypatch) -> None:
    assert begun(monkeypatch, ["gpu"]) == []


def test_a_look_does_all_of_it(person: Callable[..., User], hook, receiver) -> None:
    hook()
    recognised(meeting(person("ann")))
    tasks.look()
    assert Notice.objects.count() == 1
    assert len(receiver.asked) == 1


def test_a_lost_database_ends_the_look_and_not_the_thread(transactional_db, monkeypatch) -> None:
    def away() -> None:
        raise DatabaseError

    monkeypatch.setattr(tasks, "make_notices", away)
    tasks.look()
