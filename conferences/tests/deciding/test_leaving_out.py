"""Somebody is left out of sound and text, also of what comes later."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from common.errors import Conflict, NotAllowed
from common.sql import ask
from conferences import journey, leaving_out
from conferences.choices import DownloadStatus
from conferences.models import Connection, Identity, Participant, RemoteTrack, Session
from conferences.services import people
from conferences.sql import downloads
from conferences.tests import scene
from conferences.tests.deciding.members import call_id, texts, who
from recognition.models import TrackWords
from recordings import services, tasks
from recordings.choices import TrackStatus
from recordings.models import Recording, Run, StoredFile, Track
from recordings.tests import sound

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(recording: Recording, tmp_path: Path) -> Recording:
    """Boris has a track, too; both were recognised. A third one is still to come."""
    session = Session.objects.get()
    for number, login in ((2, "boris"), (3, "Clara")):
        track = Track.objects.create(
            recording=recording, position=number, name=login, status=TrackStatus.PENDING
        )
        RemoteTrack.objects.create(
            session=session,
            connection=session.conference.connection,
            remote_id=f"t{number}",
            call_id=call_id(login),
            track=track,
            ready_at=timezone.now(),
        )
    RemoteTrack.objects.exclude(remote_id="t3").update(status=DownloadStatus.STORED)
    anna = recording.tracks.get(position=0)
    boris = Track.objects.filter(position=2)
    boris.update(status=TrackStatus.STORED, file=_sound(tmp_path), format="wav", duration=0.2)
    scene.recognised(recording)
    phrases = recording.transcripts.get().phrases.order_by("position")
    phrases.filter(position=0).update(track=anna)
    phrases.filter(position=1).update(track=boris.get())
    for number, track in enumerate((anna, boris.get())):
        said = {"start": 4.0 * number, "end": 4.0 * number + 3, "text": scene.SAID[number][1]}
        TrackWords.objects.create(track=track, engine="test", segments=[said])
    return recording


def _sound(folder: Path) -> StoredFile:
    """A stored file of its own."""
    path = sound.wav(folder / "boris.wav", seconds=0.2, pitch=880)
    files = [services.IncomingFile(path, path.name)]
    other, _new = services.receive(who("anna"), files, process=False)
    file = other.tracks.get().file
    other.tracks.all().delete()
    Recording.objects.filter(pk=other.pk).delete()
    assert file is not None
    return file


def test_a_participant_is_left_out(heard: Recording) -> None:
    boris = heard.tracks.get(position=2)
    run = leaving_out.leave_out(heard, call_id="Boris@north.example", by=who("anna"))
    boris.refresh_from_db()
    assert boris.left_out
    assert boris.status == TrackStatus.PURGED
    assert texts(heard) == [scene.SAID[0][1]]
    assert run is not None
    assert run.pipeline == "reassemble"
    assert [step.step for step in run.steps.order_by("position")] == [
        "recognition.steps.Assemble",
        "analytics.steps.Summarise",
    ]
    assert Participant.objects.get(call_id=call_id("boris")).left_out
    assert AuditEntry.objects.filter(data__left_out=[boris.pk]).exists()
    heard.refresh_from_db()
    services.cancel(heard)
    leaving_out.leave_out(heard, call_id=call_id("boris"), by=who("anna"))


def test_lines_that_could_not_be_made_again_are_left_as_they_are(heard: Recording) -> None:
    TrackWords.objects.filter(track__position=0).delete()
    assert leaving_out.leave_out(heard, call_id=call_id("boris"), by=who("anna")) is None
    assert texts(heard) == [scene.SAID[0][1]]


@pytest.mark.django_db(transaction=True)
def test_the_transcript_is_put_together_without_him(heard: Recording) -> None:
    leaving_out.leave_out(heard, call_id=call_id("boris"), by=who("anna"))
    for queue in ("cpu", "llm"):
        tasks.drain(queue)
    heard.refresh_from_db()
    assert heard.status == "done"
    assert heard.transcripts.count() == 2
    assert texts(heard) == [scene.SAID[0][1]]
    assert heard.summaries.get().transcript == heard.transcripts.latest("pk")


@pytest.mark.django_db(transaction=True)
def test_nothing_is_put_together_of_nothing(heard: Recording) -> None:
    TrackWords.objects.all().delete()
    services.process(heard, pipeline="reassemble")
    tasks.drain("cpu")
    heard.refresh_from_db()
    assert heard.runs.get().status == "failed"
    assert heard.runs.get().steps.get(position=0).error["code"] == "nothing_heard"
    assert heard.transcripts.count() == 1
    assert len(texts(heard)) == 2


def test_everybody_may_leave_himself_out_and_only_himself(heard: Recording, api: Any) -> None:
    where = f"recordings/{heard.pk}/participants/leave-out/"
    assert api("boris", "POST", where, {"call_id": call_id("anna")})[0] == 403
    assert api("stranger", "POST", where, {"call_id": call_id("anna")})[0] == 404
    assert api("boris", "POST", where, {"call_id": call_id("nobody")})[0] == 404
    assert api("boris", "POST", where, {"track": 10**9})[0] == 404
    assert api("boris", "POST", where, {})[0] == 400
    assert not Track.objects.filter(left_out=True).exists()
    assert len(texts(heard)) == 2
    status, body = api("boris", "POST", where, {"track": heard.tracks.get(position=2).pk})
    assert status == 200
    assert Run.objects.get(pk=body["run"]).pipeline == "reassemble"
    assert heard.tracks.get(left_out=True).name == "boris"


def test_the_same_call_id_of_another_server_is_somebody_else(heard: Recording) -> None:
    south = Connection.objects.create(name="south", url="https://south.example")
    other = people.person_of(south, call_id("boris"))
    assert Identity.objects.get(user=other).call_id == call_id("boris")
    assert not leaving_out.may_leave_out(other, heard, call_id("boris"))
    with pytest.raises(NotAllowed):
        leaving_out.leave_out(heard, call_id=call_id("boris"), by=other)
    assert not Participant.objects.filter(left_out=True).exists()


def test_what_was_not_brought_never_is(heard: Recording) -> None:
    leaving_out.leave_out(heard, call_id=call_id("clara"), by=who("anna"))
    late = RemoteTrack.objects.get(remote_id="t3")
    assert late.status == DownloadStatus.LEFT_OUT
    assert heard.tracks.get(position=3).left_out
    assert heard.tracks.get(position=3).status == TrackStatus.MISSING
    assert len(texts(heard)) == 2
    later = _another_session(heard)
    assert claimed() == []
    journey.advance()
    later.refresh_from_db()
    assert later.status == DownloadStatus.LEFT_OUT
    assert claimed() == []


def test_a_session_of_later_awaits_nothing_of_him(heard: Recording) -> None:
    leaving_out.leave_out(heard, call_id=call_id("clara"), by=who("anna"))
    later = _another_session(heard, ended=True)
    Session.objects.filter(pk=later.session_id).update(recording=None, status="discovered")
    journey.advance()
    later.refresh_from_db()
    assert later.status == DownloadStatus.LEFT_OUT
    assert later.track is not None
    assert (later.track.left_out, later.track.status) == (True, TrackStatus.MISSING)


def _another_session(recording: Recording, **more: Any) -> RemoteTrack:
    old = Session.objects.get()
    session = Session.objects.create(
        conference=old.conference, remote_id="later", recording=recording, **more
    )
    track = Track.objects.create(recording=recording, position=9, status=TrackStatus.PENDING)
    held = more.get("ended")
    return RemoteTrack.objects.create(
        session=session,
        connection=old.conference.connection,
        remote_id="t9",
        call_id=call_id("CLARA"),
        track=None if held else track,
        ready_at=timezone.now(),
    )


def claimed() -> list[Any]:
    return ask(downloads.CLAIM, worker="w", lease=30)


def test_a_run_under_way_is_not_pulled_apart(heard: Recording) -> None:
    services.process(heard)
    with pytest.raises(Conflict):
        leaving_out.leave_out(heard, call_id=call_id("boris"), by=who("anna"))
    assert not Participant.objects.filter(left_out=True).exists()
    assert not Track.objects.filter(left_out=True).exists()
    assert len(texts(heard)) == 2


def test_the_page_asks_once_more(heard: Recording) -> None:
    client = Client()
    client.force_login(who("boris"))
    own = Participant.objects.get(call_id=call_id("boris"))
    other = Participant.objects.get(call_id=call_id("clara"))
    page = client.get(f"/recordings/{heard.pk}/").content.decode()
    where = f"/recordings/{heard.pk}/leave-out/"
    assert f"{where}{own.pk}/" in page
    assert f"{where}{other.pk}/" not in page
    assert client.get(f"{where}{other.pk}/").status_code == 403
    assert client.post(f"{where}{other.pk}/").status_code == 403
    assert client.get(f"{where}{own.pk}/").status_code == 200
    assert not Track.objects.filter(left_out=True).exists()
    assert client.post(f"{where}{own.pk}/").status_code == 302
    assert heard.tracks.get(left_out=True).name == "boris"
