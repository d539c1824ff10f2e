"""What administrators see and do with engines; others can't."""

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import AuditEntry, User
from recognition.models import Engine, EngineOutput, EngineRequest
from recognition.tests.conftest import Connect
from recognition.tests.gateway import finish_locally, phrases, recording, step, until
from recordings.tests import factories, sound
from recordings.tests.doors import URL, caller

ENGINES = "/api/v1/engines/"


@pytest.fixture
def boss(transactional_db: None) -> User:
    made = factories.user("boss", role=Role.ADMIN, is_superuser=True, is_staff=True)
    assert isinstance(made, User)
    return made


def test_an_engine_is_drained_and_given_work_again(
    connect: Connect, tmp_path: Path, boss: User
) -> None:
    api, engine = caller(boss), connect(slots=2, languages=["en"])
    first = recording(tmp_path)
    offer = engine.take()
    (row,) = api.get(ENGINES).json()["results"]
    assert (row["engine_id"], row["connected"], row["holding"]) == ("one", True, 1)
    assert (row["capabilities"], row["languages"]) == (["summarize", "transcribe"], ["en"])
    address = f"{ENGINES}{row['id']}/drain/"
    assert api.post(address).json()["draining"] is True
    engine.expect("drain")
    second = recording(tmp_path, params={"engine": "remote"})
    assert engine.finish(offer, phrases(offer, "last"))["type"] == "accepted"
    assert engine.hears_nothing(1.3)
    assert step(second).status == "pending"
    engine.close()
    again = connect()  # it stays so
    again.expect("drain")
    answer = api.post(address, {"draining": False}, content_type="application/json")
    assert answer.json()["draining"] is False
    assert int(again.take()["request_id"]) == step(second).pk
    assert finish_locally(first).status == "done"
    (row,) = api.get(ENGINES).json()["results"]
    assert (row["done"], row["failed"], row["holding"]) == (1, 0, 1)
    notes = AuditEntry.objects.filter(object_type="engine", actor_id=boss.pk)
    assert [note.data for note in notes.order_by("pk")] == [{"draining": True}, {"draining": False}]


def test_an_engine_is_disconnected(connect: Connect, boss: User) -> None:
    engine = connect()
    address = f"{ENGINES}{Engine.objects.get().pk}/disconnect/"
    assert caller(boss).post(address).status_code == 204
    assert engine.close_code() == 4409
    until(lambda: caller(boss).get(ENGINES).json()["results"][0]["connected"] is False)
    connect()  # it may come back


@pytest.mark.parametrize("way", ["drain/", "disconnect/", ""])
def test_others_may_not(connect: Connect, way: str) -> None:
    connect()
    row = Engine.objects.get()
    stranger = caller(factories.user())
    answer = stranger.post(f"{ENGINES}{row.pk}/{way}") if way else stranger.get(ENGINES)
    assert answer.status_code == 403
    assert Client().get(ENGINES).status_code == 401
    row.refresh_from_db()
    assert (row.draining, row.session is None) == (False, False)


def test_the_admin_shows_engines_and_acts_on_them(
    connect: Connect, tmp_path: Path, boss: User
) -> None:
    engine = connect("<b>bold</b>")
    recording(tmp_path)
    offer = engine.take()
    engine.finish(offer, phrases(offer, "<script>x</script>"))
    browser = Client()
    browser.force_login(boss)
    listed = reverse("admin:recognition_engine_changelist")
    page = browser.get(listed).content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>bold</b>" not in page
    row, asked = Engine.objects.get(), EngineRequest.objects.get()
    assert browser.get(reverse("admin:recognition_engine_change", args=[row.pk])).status_code == 200
    assert browser.get(reverse("admin:recognition_enginerequest_changelist")).status_code == 200
    address = reverse("admin:recognition_enginerequest_change", args=[asked.pk])
    result = browser.get(address).content.decode()
    assert "&lt;script&gt;x&lt;/script&gt;" in result
    assert "<script>x</script>" not in result
    for action, draining in (("drain", True), ("resume", False)):
        browser.post(listed, {"action": action, "_selected_action": [row.pk]})
        row.refresh_from_db()
        assert row.draining is draining
    browser.post(listed, {"action": "disconnect", "_selected_action": [row.pk]})
    assert engine.close_code() == 4409


def test_metrics_count_engines(connect: Connect, tmp_path: Path) -> None:
    engine = connect(slots=3)
    recording(tmp_path)
    engine.take()
    until(lambda: EngineRequest.objects.filter(outcome="working").exists())
    text = Client().get("/metrics").content.decode()
    assert 'sai_engines{draining="false"} 1.0' in text
    assert "sai_engine_slots 3.0" in text
    assert 'sai_engine_requests{outcome="working"} 1.0' in text


def test_what_an_engine_made_is_offered_to_those_who_may_see_the_recording(
    connect: Connect, tmp_path: Path, exchange: Path
) -> None:
    engine = connect()
    made = recording(tmp_path)
    offer = engine.take()
    place = sound.wav(exchange / offer["result_dir"] / "mixed.wav")
    body = place.read_bytes()
    engine.finish(offer, {**phrases(offer, "x"), "audio": {"wav": "mixed.wav"}})
    address = f"{URL}{made.pk}/made/"
    api = caller(made.owner)
    (row,) = api.get(address).json()["results"]
    assert (row["format"], row["size"], row["track"]) == ("wav", len(body), made.tracks.get().pk)
    got = api.get(f"{address}{row['id']}/", headers={"Range": "bytes=0-3"})
    assert (got.status_code, b"".join(got.streaming_content)) == (206, b"RIFF")
    stranger = caller(factories.user())
    assert stranger.get(address).status_code == 404
    assert stranger.get(f"{address}{row['id']}/").status_code == 404
    other = recording(tmp_path, owner=made.owner)
    assert api.get(f"{URL}{other.pk}/made/{row['id']}/").status_code == 404
    assert EngineOutput.objects.count() == 1
    browser = Client()
    browser.force_login(made.owner)
    page = f"/recordings/{made.pk}/"
    assert f"{address}{row['id']}/" in browser.get(page).content.decode()
    made.tracks.update(left_out=True)  # who is left out is not heard here either
    assert api.get(address).json()["results"] == []
    assert api.get(f"{address}{row['id']}/").status_code == 404
    assert f"{address}{row['id']}/" not in browser.get(page).content.decode()
