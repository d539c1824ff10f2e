"""Engines and web servers that die, go silent or come back: work is lost by nobody, done once."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from websockets.exceptions import ConnectionClosed

from recognition.gateway import collect, settling
from recognition.models import Engine, EngineRequest, TrackWords
from recognition.tests import gateway
from recognition.tests.conftest import Connect
from recognition.tests.gateway import finish_locally, phrases, recording, step, until
from recordings import services, tasks
from recordings.models import StepRun
from recordings.pipeline import leases, runner
from recordings.tests.web import Server
from tests.faults.hurry import REAL
from tests.faults.invariants import check_history, nobody_is_stuck


def hears_in_the_end(made: object, text: str, attempt: int) -> None:
    """The recording is done; its words are those of that attempt, and its history is whole."""
    assert finish_locally(made).status == "done"  # type: ignore[arg-type]
    (words,) = TrackWords.objects.all()
    assert [one["text"] for one in words.segments] == [text]
    assert step(made).attempt == attempt  # type: ignore[arg-type]
    nobody_is_stuck()
    fields = ("id", "status", "attempt", "lost", "failures")
    check_history(list(StepRun.objects.values(*fields)))


@pytest.fixture
def sweeping() -> Callable[[], None]:
    """What every worker does every few seconds, in a thread until the test ends."""
    stopped = threading.Event()

    def sweep() -> None:
        while not stopped.wait(0.3):
            tasks.tidy()
            connection.close()

    thread = threading.Thread(target=sweep)
    thread.start()
    yield lambda: None
    stopped.set()
    thread.join()


@pytest.mark.usefixtures("sweeping")
@pytest.mark.parametrize("way", ["silent", "vanished"])
def test_work_of_an_engine_that_is_not_heard_goes_to_another(
    connect: Connect, tmp_path: Path, way: str
) -> None:
    engine = connect("first")
    made = recording(tmp_path)
    offer = engine.take()
    begun = time.monotonic()
    if way == "vanished":
        engine.vanish()
    other = connect("second")
    again = other.take(timeout=10)
    assert time.monotonic() - begun < 1.5 * gateway.HURRIED["lease_seconds"] + 1.5
    assert (again["request_id"], again["attempt"]) == (offer["request_id"], 2)
    assert other.finish(again, phrases(again, "second"))["type"] == "accepted"
    hears_in_the_end(made, "second", 2)
    assert step(made).lost == 1
    if way == "silent":
        assert engine.close_code() == 4408


@pytest.mark.usefixtures("sweeping")
def test_a_heard_engine_keeps_its_work_and_an_old_attempt_changes_nothing(
    connect: Connect, tmp_path: Path
) -> None:
    engine = connect("slow")
    made = recording(tmp_path)
    offer = engine.take()
    for percent in range(8):  # twice the lease
        engine.answer(offer, "progress", percent=percent, stage="")
        time.sleep(0.4)
    assert (step(made).status, step(made).attempt) == ("running", 1)
    time.sleep(gateway.HURRIED["lease_seconds"] + 1.5)  # and now silence
    other = connect("other")
    again = other.take()
    assert engine.close_code() == 4408
    back = connect("slow", slots=1, holding=[{"request_id": offer["request_id"], "attempt": 1}])
    cancelled = back.expect("cancel")
    assert (cancelled["request_id"], cancelled["attempt"]) == (offer["request_id"], 1)
    refused = back.finish(offer, phrases(offer, "old"))
    assert refused["type"] == "refused"
    assert refused["reason"] == settling.OLD
    assert not TrackWords.objects.exists()
    assert other.finish(again, phrases(again, "new"))["type"] == "accepted"
    hears_in_the_end(made, "new", 2)


def test_an_engine_goes_on_after_it_lost_its_web_server(
    connect: Connect, web: Callable[[], Server], tmp_path: Path
) -> None:
    token = gateway.engine_token()
    first, second = web(), web()
    engine = connect("mover", port=first.port, token=token)
    made = recording(tmp_path)
    offer = engine.take()
    first.stop()
    with pytest.raises(ConnectionClosed):
        engine.hear()
    held = [{"request_id": offer["request_id"], "attempt": offer["attempt"]}]
    back = connect("mover", port=second.port, token=token, holding=held)
    assert back.hears_nothing(gateway.HURRIED["lease_seconds"] / 2)
    back.answer(offer, "progress", percent=50, stage="")
    until(lambda: step(made).progress == 50)
    assert back.finish(offer, phrases(offer, "moved"))["type"] == "accepted"
    hears_in_the_end(made, "moved", 1)
    assert Engine.objects.count() == 1


def test_an_engine_has_one_connection_the_newest(
    connect: Connect, web: Callable[[], Server], tmp_path: Path
) -> None:
    token = gateway.engine_token()
    ports = [web().port, web().port]
    here = connect("twin", port=ports[0], token=token)
    made = recording(tmp_path)
    offer = here.take()
    held = [{"request_id": offer["request_id"], "attempt": 1}]
    there = connect("twin", port=ports[1], token=token, holding=held)
    assert here.close_code() == 4409
    again = connect("twin", port=ports[1], token=token, holding=held)
    assert there.close_code() == 4409
    assert again.finish(offer, phrases(offer, "once"))["type"] == "accepted"
    hears_in_the_end(made, "once", 1)


def test_a_result_that_comes_after_the_lease_but_before_another_claim_counts(
    connect: Connect, tmp_path: Path
) -> None:
    engine = connect("late")
    made = recording(tmp_path, params={"engine": "remote"})
    offer = engine.take()
    engine.close()
    until(lambda: Engine.objects.get().session is None)
    StepRun.objects.filter(pk=step(made).pk).update(lease_until=timezone.now() - timedelta(hours=1))
    leases.sweep()
    assert step(made).status == "pending"
    held = [{"request_id": offer["request_id"], "attempt": 1}]
    back = connect("late", holding=held)
    assert back.finish(offer, phrases(offer, "late"))["type"] == "accepted"
    assert finish_locally(made).status == "done"
    assert step(made).attempt == 1


@pytest.mark.parametrize("swept", [False, True])
def test_a_lost_done_is_found_in_the_folder(
    connect: Connect, tmp_path: Path, exchange: Path, swept: bool
) -> None:
    engine = connect()
    made = recording(tmp_path, params={"engine": "remote"})
    offer = engine.take()
    (exchange / offer["result_dir"] / "result.json").write_text(json.dumps(phrases(offer, "found")))
    engine.vanish()
    until(lambda: Engine.objects.get().session is None)
    if swept:
        StepRun.objects.filter(pk=step(made).pk).update(
            lease_until=timezone.now() - timedelta(hours=1)
        )
        leases.sweep()
    time.sleep(collect.GRACE_HEARTBEATS * gateway.HURRIED["heartbeat_seconds"])
    tasks.tidy()
    assert step(made).status == "done"
    assert finish_locally(made).status == "done"
    assert TrackWords.objects.get().segments[0]["text"] == "found"
    assert not (exchange / "result" / offer["request_id"]).exists()


def test_a_found_result_of_an_old_attempt_is_left(
    connect: Connect, tmp_path: Path, exchange: Path
) -> None:
    engine = connect("gone")
    made = recording(tmp_path)
    offer = engine.take()
    (exchange / offer["result_dir"] / "result.json").write_text(json.dumps(phrases(offer, "old")))
    engine.vanish()
    until(lambda: Engine.objects.get().session is None)
    StepRun.objects.filter(pk=step(made).pk).update(lease_until=timezone.now() - timedelta(hours=1))
    leases.sweep()
    claimed = leases.claim("gpu", worker="ours")
    assert claimed is not None
    time.sleep(0.3)
    collect.collect()
    assert (step(made).status, step(made).attempt) == ("running", 2)
    assert not TrackWords.objects.exists()
    runner.execute(claimed)
    assert finish_locally(made).status == "done"


def test_an_engine_hears_soon_that_a_person_cancelled(connect: Connect, tmp_path: Path) -> None:
    engine = connect()
    made = recording(tmp_path)
    offer = engine.take()
    begun = time.monotonic()
    services.cancel(made)
    assert engine.expect("cancel")["request_id"] == offer["request_id"]
    assert time.monotonic() - begun < 2.5
    engine.answer(offer, "failed", code="cancelled", message="", retryable=False)
    assert engine.finish(offer, phrases(offer, "unwanted"))["type"] == "refused"
    made.refresh_from_db()
    assert (made.status, TrackWords.objects.count()) == ("cancelled", 0)
    recording(tmp_path)
    engine.take()  # its slot is free again


def test_an_offer_that_is_not_answered_goes_to_another(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognition.gateway.hub.OFFER_ANSWER_S", 0.5)
    deaf = connect("deaf")
    made = recording(tmp_path)
    offer = deaf.expect("offer")
    other = connect("other")
    again = other.take()
    assert (again["request_id"], again["attempt"]) == (offer["request_id"], 2)
    deaf.expect("cancel")
    deaf.answer(offer, "accept")  # too late
    deaf.expect("cancel")
    assert other.finish(again, phrases(again, "heard"))["type"] == "accepted"
    assert finish_locally(made).status == "done"
    assert (step(made).lost, step(made).failures) == (0, 0)


def test_rejected_and_given_back_work_goes_to_another_and_counts_as_no_failure(
    connect: Connect, tmp_path: Path
) -> None:
    first = connect("first")
    made = recording(tmp_path)
    offer = first.expect("offer")
    first.answer(offer, "reject", reason="no room")
    second = connect("second")
    again = second.take()
    assert again["attempt"] == 2
    second.say(type="drain")
    stopping = {"code": "engine_stopping", "message": "", "retryable": True}
    second.answer(again, "failed", **stopping)
    third = connect("third")
    last = third.take()
    assert last["attempt"] == 3
    assert first.hears_nothing(0.1)
    assert third.finish(last, phrases(last, "done"))["type"] == "accepted"
    assert finish_locally(made).status == "done"
    assert (step(made).lost, step(made).failures) == (0, 0)


def test_failures_of_engines_are_tried_again_and_then_told(
    connect: Connect, tmp_path: Path
) -> None:
    engines = [connect(name) for name in "abcd"]
    made = recording(tmp_path)
    for number in range(1, 5):
        offer, engine = until(lambda: _offered(engines))
        assert offer["attempt"] == number
        engine.answer(offer, "accept")
        message = f"<b>out of memory</b> {number}"
        engine.answer(offer, "failed", code="gpu_oom", message=message, retryable=True)
    until(lambda: finish_locally(made).status == "failed")
    assert made.error is not None
    assert (made.error["code"], made.error["message"]) == ("gpu_oom", "<b>out of memory</b> 4")
    assert EngineRequest.objects.filter(outcome="failed").count() == 4


def test_a_failure_for_good_is_not_tried_again(connect: Connect, tmp_path: Path) -> None:
    engine = connect()
    made = recording(tmp_path)
    offer = engine.take()
    engine.answer(offer, "failed", code="bad_sound", message="no sound in it", retryable=False)
    until(lambda: finish_locally(made).status == "failed")
    assert made.error is not None
    assert (made.error["code"], step(made).attempt) == ("bad_sound", 1)


def _offered(engines: list[gateway.Engine]) -> object:
    for engine in engines:
        try:
            return engine.hear(0.05), engine
        except TimeoutError:
            continue
    return None


def _work(engine: gateway.Engine, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            message = engine.hear(0.2)
        except TimeoutError:
            continue
        if message["type"] == "offer":
            engine.answer(message, "accept")
            engine.answer(message, "done", result=phrases(message, "remote"))


def _drain(stopped: threading.Event) -> None:
    while not stopped.is_set():
        if claimed := leases.claim("gpu", worker="ours"):
            time.sleep(0.05)
            runner.execute(claimed)
    connection.close()


def test_engines_and_workers_share_one_queue(connect: Connect, tmp_path: Path) -> None:
    """Thirty steps, three engines and two of our own workers: each is done once by somebody."""
    made = recording(tmp_path, tracks=30)
    engines = [connect(name, slots=2) for name in "abc"]
    stopped = threading.Event()

    threads = [threading.Thread(target=_work, args=[one, stopped]) for one in engines]
    threads += [threading.Thread(target=_drain, args=[stopped]) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        left = StepRun.objects.filter(step__endswith="Transcribe").exclude(status="done")
        until(lambda: not left.exists(), 30)
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    assert finish_locally(made).status == "done"
    nobody_is_stuck()
    fields = ("id", "status", "attempt", "lost", "failures")
    check_history(list(StepRun.objects.filter(attempt=1).values(*fields)))
    remote = EngineRequest.objects.filter(outcome="done").count()
    assert 0 < remote < 30
    told = sum(words.engine == "test/1" for words in TrackWords.objects.all())
    assert told == remote
    assert TrackWords.objects.count() == 30


@pytest.mark.campaign
@pytest.mark.parametrize("way", ["silent", "vanished"])
def test_with_the_real_times_work_changes_hands_within_45_seconds(
    connect: Connect, tmp_path: Path, settings: Settings, way: str
) -> None:
    settings.RECORDINGS = {**settings.RECORDINGS, **REAL}
    engine = connect("first")
    made = recording(tmp_path, params={"engine": "remote"})
    offer = engine.take()
    engine.answer(offer, "progress", percent=1, stage="")
    begun = time.monotonic()
    if way == "vanished":
        engine.vanish()
    other = connect("second")
    again: dict[str, Any] | None = None
    while again is None and time.monotonic() < begun + 60:
        tasks.tidy()
        try:
            again = other.hear(REAL["sweep_seconds"])
        except TimeoutError:
            continue
    assert again is not None
    assert time.monotonic() - begun < 45
    assert (again["type"], again["attempt"]) == ("offer", 2)
    other.answer(again, "accept")
    assert other.finish(again, phrases(again, "second"))["type"] == "accepted"
    hears_in_the_end(made, "second", 2)
