"""What people of a conference decide: rights by role, consent, and who is left out."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.choices import Action, Role
from accounts.models import AuditEntry, User
from common.errors import Conflict, Invalid, NotAllowed, NotFound
from common.sql import ask
from conferences import consent, journey, leaving_out, rights, roles
from conferences.choices import Consent, DownloadStatus
from conferences.models import Conference, Connection, Identity, Participant, RemoteTrack, Session
from conferences.services import people
from conferences.sql import downloads
from conferences.tests import scene
from recognition.models import TrackWords
from recordings import services, tasks
from recordings.choices import Right, TrackStatus
from recordings.models import Access, Recording, Run, StoredFile, Track
from recordings.selectors import rights_of
from recordings.tests import sound

pytestmark = pytest.mark.django_db
VIEW, COMMENT, EDIT = Right.VIEW.value, Right.COMMENT.value, Right.EDIT.value


@pytest.fixture
def connection() -> Connection:
    return Connection.objects.create(name="north", url="https://north.example", client_id="x")


@pytest.fixture
def recording(connection: Connection, root: Path, tmp_path: Path) -> Recording:
    """Anna holds it, Clara moderates, Boris takes part; their rights are written."""
    found = scene.meeting(connection, tmp_path)
    Access.objects.filter(recording=found).delete()
    for login, role in (("anna", "owner"), ("clara", "moderator"), ("boris", "participant")):
        join(login, role)
    written()
    return found


def join(login: str, role: str) -> Participant:
    return Participant.objects.create(
        conference=Conference.objects.get(), call_id=call_id(login), role=role
    )


def written() -> None:
    Conference.objects.update(access_due=True)
    rights.write(Conference.objects.get().pk)


def call_id(login: str) -> str:
    return f"{login}@north.example"


def who(login: str) -> User:
    return people.person_of(Connection.objects.get(), call_id(login))


def held(login: str) -> set[str]:
    return {right.value for right in rights_of(who(login), Recording.objects.get())}


@pytest.fixture
def api() -> Iterator[Any]:
    def ask(login: str, method: str, path: str, body: Any = None) -> Any:
        client = Client()
        client.force_login(who(login))
        url = f"/api/v1/{path}"
        answer = client.generic(method, url, _json(body), content_type="application/json")
        return answer.status_code, answer.json() if answer.content else None

    return ask


def _json(body: Any) -> str:
    return "" if body is None else json.dumps(body)


# Rights by role


def test_a_recordings_own_word_counts_before_the_default(recording: Recording) -> None:
    assert held("boris") == {VIEW, COMMENT}
    roles.change(recording, {"participant": [EDIT]}, by=who("anna"))
    assert held("boris") == {VIEW, EDIT}
    row = Access.objects.get(user=who("boris"))
    assert row.origin == "role:participant"
    roles.change(recording, {"participant": []}, by=who("anna"))
    assert held("boris") == set()
    assert held("clara") == {VIEW, COMMENT, EDIT, "run"}
    roles.change(recording, {"participant": None}, by=who("anna"))
    assert held("boris") == {VIEW, COMMENT}


def test_who_comes_later_gets_the_same(recording: Recording) -> None:
    roles.change(recording, {"participant": [EDIT]}, by=who("anna"))
    join("dora", "participant")
    written()
    assert held("dora") == {VIEW, EDIT}


def test_a_conferences_word_stands_between(recording: Recording) -> None:
    conference = Conference.objects.get()
    roles.change_conference(conference, {"participant": [VIEW]}, by=who("anna"))
    assert held("boris") == {VIEW}
    rules = roles.change(recording, {"participant": [EDIT]}, by=who("anna"))
    assert rules["participant"].source == "recording"
    assert held("boris") == {VIEW, EDIT}
    rules = roles.change(recording, {"participant": None}, by=who("anna"))
    assert rules["participant"].source == "conference"
    assert held("boris") == {VIEW}


def test_what_was_given_by_hand_stays(recording: Recording) -> None:
    services.grant(recording, by=who("anna"), rights=[VIEW, "run"], to=who("boris"))
    roles.change(recording, {"participant": []}, by=who("anna"))
    assert held("boris") == {VIEW, "run"}


def test_nobody_gives_or_takes_what_he_does_not_have(recording: Recording) -> None:
    services.grant(recording, by=who("anna"), rights=[VIEW, COMMENT, "share"], to=who("boris"))
    for wishes in ({"participant": [EDIT]}, {"moderator": [VIEW]}, {"owner": None}):
        with pytest.raises(NotAllowed):
            roles.change(recording, wishes, by=who("boris"))
    assert held("clara") == {VIEW, COMMENT, EDIT, "run"}
    roles.change(recording, {"participant": [VIEW]}, by=who("boris"))


def test_nobody_gives_for_longer_than_he_has(recording: Recording) -> None:
    end = timezone.now() + dt.timedelta(days=1)
    services.grant(
        recording, by=who("anna"), rights=[VIEW, COMMENT, "share"], to=who("dora"), expires_at=end
    )
    with pytest.raises(NotAllowed):
        roles.change(recording, {"invited": [VIEW]}, by=who("dora"))
    rules = roles.change(recording, {"invited": [VIEW]}, by=who("dora"), expires_at=end)
    assert rules["invited"].expires_at == end


def test_what_ended_gives_way_to_what_was_before(recording: Recording) -> None:
    end = timezone.now() + dt.timedelta(hours=1)
    roles.change(recording, {"participant": [EDIT]}, by=who("anna"), expires_at=end)
    assert Access.objects.get(user=who("boris"), origin="role:participant").expires_at == end
    past = timezone.now() - dt.timedelta(seconds=1)
    recording.role_rights.update(expires_at=past)
    Access.objects.filter(user=who("boris")).update(expires_at=past)
    assert held("boris") == set()
    journey.advance()
    assert held("boris") == {VIEW, COMMENT}
    assert not recording.role_rights.exists()


def test_a_read_only_connection_gives_no_more_than_a_look(recording: Recording) -> None:
    Connection.objects.update(access="read_only")
    roles.change(recording, {"participant": [EDIT, COMMENT]}, by=who("anna"))
    assert held("boris") == {VIEW, COMMENT}


def test_the_journal_tells_of_it(recording: Recording) -> None:
    roles.change(recording, {"participant": [EDIT]}, by=who("anna"))
    said = AuditEntry.objects.get(action=Action.CHANGE, object_id=str(recording.pk))
    assert (said.actor_id, said.data["roles"]) == (who("anna").pk, {"participant": [VIEW, EDIT]})
    got = AuditEntry.objects.filter(action=Action.GRANT, data__user=who("boris").pk).latest("at")
    assert got.data["rule"] == "role:participant"
    assert got.data["rights"] == [VIEW, EDIT]


@pytest.mark.parametrize(
    ("wishes", "end"),
    [
        ({"king": [VIEW]}, None),
        ({"participant": ["fly"]}, None),
        ({"participant": [VIEW]}, timezone.now() - dt.timedelta(days=1)),
    ],
)
def test_wrong_wishes_change_nothing(
    recording: Recording, wishes: dict[str, list[str]], end: dt.datetime | None
) -> None:
    with pytest.raises(Invalid):
        roles.change(recording, wishes, by=who("anna"), expires_at=end)
    assert not recording.role_rights.exists()


def test_a_recording_of_no_conference_has_no_roles(root: Path, tmp_path: Path) -> None:
    user = User.objects.create(username="u", role=Role.USER)
    path = sound.wav(tmp_path / "a.wav", seconds=0.2)
    files = [services.IncomingFile(path, path.name)]
    found, _new = services.receive(user, files, process=False)
    with pytest.raises(NotFound):
        roles.change(found, {"participant": [VIEW]}, by=user)


def test_roles_over_rest(recording: Recording, api: Any) -> None:
    where = f"recordings/{recording.pk}/roles/"
    status, body = api("anna", "GET", where)
    assert (status, body["participant"]) == (200, [VIEW, COMMENT])
    assert {one["said_by"] for one in body["details"]} == {"connection"}
    status, body = api("anna", "PUT", where, {"participant": [VIEW], "invited": []})
    assert (status, body["participant"], body["invited"]) == (200, [VIEW], [])
    assert held("boris") == {VIEW}
    assert api("boris", "GET", where)[0] == 403
    assert api("boris", "PUT", where, {"participant": [EDIT]})[0] == 403
    assert api("anna", "PUT", where, {"participant": ["fly"]})[0] == 400
    assert api("anna", "PUT", where, {"participant": "view"})[0] == 400
    assert api("stranger", "GET", where)[0] == 404
    assert held("boris") == {VIEW}


def test_roles_of_a_conference_over_rest(recording: Recording, api: Any) -> None:
    where = f"conferences/{Conference.objects.get().pk}/roles/"
    assert api("anna", "PUT", where, {"participant": [VIEW]})[0] == 200
    assert held("boris") == {VIEW}
    assert api("anna", "GET", where)[1]["details"][2]["said_by"] == "conference"
    assert api("clara", "GET", where)[0] == 403
    assert api("clara", "PUT", where, {"participant": [EDIT]})[0] == 403
    assert api("stranger", "PUT", where, {"participant": [EDIT]})[0] == 404
    assert held("boris") == {VIEW}


# Consent


def test_without_consent_nothing_is_recognised(recording: Recording, api: Any) -> None:
    Connection.objects.update(consent_required=True)
    where = f"recordings/{recording.pk}/process/"
    status, body = api("anna", "POST", where, {})
    assert (status, body["code"]) == (409, "consent_needed")
    assert body["details"]["next_action"]
    assert not Run.objects.exists()
    one = f"conferences/{Conference.objects.get().pk}/"
    assert api("anna", "PATCH", one, {"consent": "given"})[1]["consent"] == "given"
    assert api("anna", "POST", where, {})[0] == 202


def test_where_none_is_required_only_a_refusal_counts(recording: Recording) -> None:
    consent.guard(recording)
    consent.say(Conference.objects.get(), Consent.REFUSED, by=who("anna"))
    with pytest.raises(Conflict):
        services.process(recording)
    assert not Run.objects.exists()
    assert recording.tracks.get().status == TrackStatus.STORED


def test_only_whoever_decides_about_the_conference_says_so(recording: Recording, api: Any) -> None:
    one = f"conferences/{Conference.objects.get().pk}/"
    for login, status in (("boris", 403), ("clara", 403), ("stranger", 404)):
        assert api(login, "PATCH", one, {"consent": "given"})[0] == status
    assert api("anna", "PATCH", one, {"consent": "perhaps"})[0] == 400
    assert Conference.objects.get().consent == Consent.UNKNOWN
    assert not AuditEntry.objects.filter(object_type="conference").exists()


def test_the_page_shows_who_said_so(recording: Recording) -> None:
    client = Client()
    client.force_login(who("anna"))
    where = f"/recordings/{recording.pk}/consent/"
    assert client.post(where, {"consent": "refused"}).status_code == 302
    page = client.get(f"/recordings/{recording.pk}/").content.decode()
    assert "anna@north.example," in page
    assert f"/recordings/{recording.pk}/purge/" in page
    client.force_login(who("boris"))
    assert client.post(where, {"consent": "given"}).status_code == 403
    assert Conference.objects.get().consent == Consent.REFUSED


# Leaving somebody out


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


def texts(recording: Recording) -> list[str]:
    newest = recording.transcripts.order_by("-pk")[0]
    return list(newest.phrases.order_by("position").values_list("text", flat=True))


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


def test_rights_by_role_on_the_page(recording: Recording) -> None:
    client = Client()
    client.force_login(who("anna"))
    page = client.get(f"/recordings/{recording.pk}/").content.decode()
    assert f'action="/recordings/{recording.pk}/roles/"' in page
    ticked = {role: rule.rights for role, rule in roles.shown(recording).items()}
    where = f"/recordings/{recording.pk}/roles/"
    client.post(where, {**ticked, "participant": [VIEW, EDIT]})
    assert held("boris") == {VIEW, EDIT}
    assert set(recording.role_rights.values_list("role", flat=True)) == {"participant"}
    client.post(where, {**ticked, "default": "participant"})
    assert held("boris") == {VIEW, COMMENT}
    client.force_login(who("boris"))
    assert client.post(where, {"participant": [VIEW, EDIT]}).status_code == 403
    assert held("boris") == {VIEW, COMMENT}


def test_rules_of_retention_name_the_connection(connection: Connection) -> None:
    admin = User.objects.create(username="root", role=Role.ADMIN, is_superuser=True, is_staff=True)
    client = Client()
    client.force_login(admin)
    url = "/api/v1/retention/"
    fields = {"name": "North", "position": 1, "realm": connection.realm, "sound_days": 30}
    made = client.post(url, fields, content_type="application/json").json()
    assert (made["realm"], made["realm_name"]) == (connection.realm, "north")
    page = client.get("/admin/recordings/retentionrule/add/").content.decode()
    assert f'<option value="{connection.realm}">north</option>' in page
    listed = client.get("/admin/recordings/retentionrule/").content.decode()
    assert "north" in listed
