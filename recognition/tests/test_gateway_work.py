"""Work that engines of the gateway do: offered in order, taken in once, like any worker's."""

import json
import os
from functools import partial
from pathlib import Path

from django.db import connection

from accounts.models import AuditEntry
from notifications.models import Event
from recognition import selectors
from recognition.models import Engine, EngineRequest, TrackWords
from recognition.tests.conftest import Connect
from recognition.tests.gateway import finish_locally, phrases, recording, step, until
from recordings import tasks
from recordings.choices import Priority
from recordings.models import StepRun


def test_an_engine_hears_a_recording(connect: Connect, tmp_path: Path, exchange: Path) -> None:
    engine = connect()
    assert engine.welcome == {"type": "welcome", "heartbeat_s": 0.4, "lease_s": 1.5}
    made = recording(tmp_path, tracks=2)
    said = {}
    for _ in range(2):
        offer = engine.take()
        (file,) = offer["files"]
        assert (offer["kind"], offer["attempt"]) == ("transcribe", 1)
        assert file["regions"] == [[0.0, 0.9]]
        source = exchange / offer["source_dir"] / file["name"]
        track = made.tracks.get(pk=file["track"])
        assert file["name"] == f"{track.position + 1:02d}_Person_{track.position}.wav"
        assert source.is_symlink()
        assert not os.readlink(source).startswith("/")
        assert track.file is not None
        assert source.stat().st_size == track.file.size
        assert (exchange / offer["result_dir"]).is_dir()
        engine.answer(offer, "progress", percent=40, stage="listen")
        until(partial(StepRun.objects.filter(pk=int(offer["request_id"]), progress=40).exists))
        said[track.name] = f"words of {track.position}"
        assert engine.finish(offer, phrases(offer, said[track.name]))["type"] == "accepted"
        assert not (exchange / "source" / offer["request_id"]).exists()
        assert not (exchange / "result" / offer["request_id"]).exists()
    finish_locally(made)
    assert (made.status, made.error) == ("done", None)
    transcript = selectors.transcript_of(made)
    assert transcript is not None
    assert {line.speaker: line.text for line in selectors.phrases_of(transcript)} == said
    assert transcript.engine == "test/1"
    row = Engine.objects.get()
    assert (row.engine_id, row.slots) == ("one", 1)
    requests = EngineRequest.objects.all()
    assert {(one.outcome, bool(one.raw), one.engine_id) for one in requests} == {
        ("done", True, row.pk)
    }
    assert AuditEntry.objects.filter(object_type="engine", actor_name="one").count() == 1
    assert Event.objects.filter(type="step.progress").exists()


def test_a_result_may_stand_in_the_shared_folder(
    connect: Connect, tmp_path: Path, exchange: Path
) -> None:
    engine = connect()
    made = recording(tmp_path)
    offer = engine.take()
    (exchange / offer["result_dir"] / "result.json").write_text(json.dumps(phrases(offer, "yes")))
    assert engine.finish(offer, None)["type"] == "accepted"
    assert finish_locally(made).status == "done"
    assert TrackWords.objects.get().segments[0]["text"] == "yes"


def test_a_result_is_acknowledged_again_and_changes_nothing(
    connect: Connect, tmp_path: Path
) -> None:
    engine = connect()
    made = recording(tmp_path)
    offer = engine.take()
    assert engine.finish(offer, phrases(offer, "first"))["type"] == "accepted"
    assert engine.finish(offer, phrases(offer, "second"))["type"] == "accepted"
    assert TrackWords.objects.get().segments[0]["text"] == "first"
    assert step(made).attempt == 1


def test_urgent_work_is_offered_first_and_slots_are_respected(
    connect: Connect, tmp_path: Path
) -> None:
    later = recording(tmp_path)
    sooner = recording(tmp_path, priority=Priority.HIGH)
    third = recording(tmp_path)
    engine = connect(slots=2)
    offers = [engine.take(), engine.take()]
    assert [int(one["request_id"]) for one in offers] == [step(sooner).pk, step(later).pk]
    assert engine.hears_nothing(1.2)
    assert step(third).status == "pending"
    engine.finish(offers[0], phrases(offers[0], "a"))
    assert int(engine.take()["request_id"]) == step(third).pk


def test_owners_take_turns(connect: Connect, tmp_path: Path) -> None:
    first = recording(tmp_path)
    busy = [recording(tmp_path, owner=first.owner) for _ in range(2)]
    other = recording(tmp_path)
    engine = connect(slots=3)
    offered = [int(engine.take()["request_id"]) for _ in range(3)]
    assert offered == [step(first).pk, step(other).pk, step(busy[0]).pk]


def test_an_engine_gets_only_languages_and_kinds_that_it_knows(
    connect: Connect, tmp_path: Path
) -> None:
    german = recording(tmp_path, params={"language": "de"})
    english = recording(tmp_path, params={"language": "en-US"})
    unknown = recording(tmp_path)
    writer = connect("writer", capabilities=["summarize"])
    engine = connect(languages=["en", "ru"], slots=5)
    offered = [int(engine.take()["request_id"]) for _ in range(2)]
    assert offered == [step(english).pk, step(unknown).pk]
    assert engine.hears_nothing(1.2)
    assert writer.hears_nothing(0.1)
    assert step(german).status == "pending"


def test_remote_insists_on_an_engine_and_a_named_engine_on_ours(
    connect: Connect, tmp_path: Path
) -> None:
    ours = recording(tmp_path, params={"engine": "pocketsphinx"})
    theirs = recording(tmp_path, params={"engine": "remote"})
    anybody = recording(tmp_path)
    assert [step(one).executor for one in (ours, theirs, anybody)] == ["local", "engine", "any"]
    engine = connect(slots=5)
    assert {int(engine.take()["request_id"]) for _ in range(2)} == {
        step(theirs).pk,
        step(anybody).pk,
    }
    assert engine.hears_nothing(1.2)
    assert step(ours).status == "pending"


def test_our_workers_leave_what_insists_on_an_engine(
    connect: Connect, tmp_path: Path, settings: object
) -> None:
    theirs = recording(tmp_path, params={"engine": "remote"})
    anybody = recording(tmp_path)
    assert tasks.drain("gpu") == 1
    assert (step(theirs).status, step(anybody).status) == ("pending", "done")
    connection.close()
