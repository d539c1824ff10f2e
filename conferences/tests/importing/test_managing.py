"""What administrators do: connections over REST, in the admin and from a file; joining; health."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.choices import Role
from accounts.models import AuditEntry
from conferences.models import Conference, Connection, RemoteTrack, Session
from conferences.platforms.base import CredentialsRejected
from conferences.sections import ConnectionEntry, declare_connection
from conferences.services import connections
from recognition.models import TrackWords
from recordings import services, tasks
from recordings.models import Recording, Run, Track
from recordings.tests import factories
from recordings.tests.doors import caller

API = "/api/v1"
BODY = {
    "name": "Office",
    "url": "https://tcs.test",
    "client_id": "us",
    "client_secret": "very-secret",
    "default_rights": {"owner": ["view"], "participant": ["view"]},
}


@pytest.fixture
def admin(root: Any) -> Client:
    return caller(factories.user("root", role=Role.ADMIN))


def test_a_connection_over_rest_never_shows_its_secret(admin: Client, servers: Any) -> None:
    answer = admin.post(f"{API}/connections/", BODY, content_type="application/json")
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert b"very-secret" not in answer.content
    assert (body["host"], body["status"], body["fields"]) == ("tcs.test", "new", {})
    one = f"{API}/connections/{body['id']}/"
    changed = admin.patch(one, {"client_secret": ""}, content_type="application/json")
    assert changed.status_code == 200
    assert Connection.objects.get().client_secret == "very-secret"
    again = admin.post(f"{API}/connections/", BODY, content_type="application/json")
    assert again.status_code in (403, 409), "the name is taken, or the licence allows one"
    wrong = {**BODY, "name": "x", "url": "https://y.test", "poll_seconds": 0}
    refused = admin.post(f"{API}/connections/", wrong, content_type="application/json")
    assert (refused.status_code, list(refused.json()["details"])) == (400, ["poll_seconds"])
    assert "very-secret" not in str(list(AuditEntry.objects.values()))
    assert admin.delete(one).status_code == 204


def test_rest_is_for_administrators(root: Any, servers: Any) -> None:
    person = caller(factories.user())
    for address in ("connections/", "connections/1/health/", "connections/downloads/"):
        assert person.get(f"{API}/{address}").status_code == 403
    assert person.post(f"{API}/connections/", BODY).status_code == 403
    assert not Connection.objects.exists()


def test_checking_tells_scopes_and_why_not(admin: Client, connect: Any, work: Any) -> None:
    connection, server = connect()
    one = f"{API}/connections/{connection.pk}"
    found = admin.post(f"{one}/check/")
    assert found.status_code == 200, found.content
    assert (found.json()["status"], found.json()["missing_scopes"]) == ("works", ["users:read"])
    server.error = CredentialsRejected(
        "no", details={"trace_id": "t-9", "excerpt": "<html>502</html>"}
    )
    refused = admin.post(f"{one}/check/")
    assert (refused.status_code, refused.json()["status"]) == (200, "rejected")
    health = admin.get(f"{one}/health/").json()
    assert (health["credentials_rejected"], health["last_trace_id"]) == (True, "t-9")
    assert health["excerpt"] == "<html>502</html>"
    assert admin.post(f"{one}/poll/").status_code == 409
    connections.change(connection, actor=None, client_secret="new")
    server.error = None
    assert admin.post(f"{one}/poll/").status_code == 202
    work.until(lambda: Connection.objects.get().status == "works")


def test_a_file_declares_a_connection_twice(root: Any, servers: Any) -> None:
    entry = ConnectionEntry(**{**BODY, "poll_seconds": 5})
    with transaction.atomic():
        assert declare_connection(entry).created
        audited = AuditEntry.objects.count()
        assert not declare_connection(entry).created
    assert AuditEntry.objects.count() == audited, "nothing differs, nothing is written"
    assert Connection.objects.get().client_secret == "very-secret"


def test_the_admin_shows_and_saves(root: Any, connect: Any, work: Any, wav: Any) -> None:
    connection, server = connect()
    server.meet()
    server.speak("anna", wav())
    work.until(Recording.objects.filter(status="ready").exists)
    browser = Client()
    browser.force_login(factories.user("root", role=Role.ADMIN))
    session, track = Session.objects.get(), RemoteTrack.objects.get()
    for address in (
        "connection/",
        "connection/add/",
        f"connection/{connection.pk}/change/",
        "conference/",
        f"conference/{session.conference_id}/change/",
        "session/",
        f"session/{session.pk}/change/",
        "remotetrack/",
        f"remotetrack/{track.pk}/change/",
        "conferencesettings/",
        "conferencesettings/add/",
    ):
        page = browser.get(f"/admin/conferences/{address}")
        assert page.status_code == 200, address
        assert b"client_secret" not in page.content or b'value="s"' not in page.content
    form = {
        "name": "one",
        "platform": "trueconf",
        "access": "full",
        "url": "https://one.test",
        "client_id": "other",
        "poll_seconds": "7",
        "rescan_hours": "48",
        "track_patience_hours": "24",
        "default_rights": "{}",
        "enabled": "on",
        "verify_tls": "on",
    }
    address = f"/admin/conferences/connection/{connection.pk}/change/"
    assert browser.post(address, form).status_code == 302
    connection.refresh_from_db()
    assert (connection.client_id, connection.poll_seconds) == ("other", 7)
    assert connection.client_secret == "s"
    refused = browser.post(address, {**form, "poll_seconds": "0"})
    assert refused.status_code == 200
    connection.refresh_from_db()
    assert connection.poll_seconds == 7
    conference = Conference.objects.get()
    browser.post(f"/admin/conferences/conference/{conference.pk}/change/", {
        "consent": "given",
        "sessions-TOTAL_FORMS": "0", "sessions-INITIAL_FORMS": "0",
        "participants-TOTAL_FORMS": "0", "participants-INITIAL_FORMS": "0",
    })  # fmt: skip
    conference.refresh_from_db()
    assert conference.consent == "given"


def broken_call(connect: Any, work: Any, wav: Any, **fields: Any) -> list[Recording]:
    _connection, server = connect(**fields)
    server.meet(sessions=2, gap_s=60)
    for session in (1, 2):
        server.speak("anna", wav(pitch=300 + session), session=session)
        server.speak("boris", wav(pitch=500 + session), session=session)
    work.until(lambda: Recording.objects.filter(status="ready").count() == 2)
    work.once()
    return list(Recording.objects.order_by("started_at"))


def test_a_call_that_broke_is_joined(connect: Any, work: Any, wav: Any) -> None:
    first, later = broken_call(connect, work, wav)
    browser = Client()
    browser.force_login(first.owner)
    panel = browser.get(f"/recordings/{first.pk}/panels/conference/").content.decode()
    assert "Boris" in panel
    assert str(later.pk) in panel
    answer = browser.post(f"/recordings/{first.pk}/join/", {"with": [str(later.pk)]})
    assert answer.status_code == 302, answer.content
    assert list(Recording.objects.all()) == [first]
    offsets = list(Track.objects.order_by("position").values_list("position", "offset"))
    assert offsets == [(0, 0.0), (1, 0.0), (2, 660.0), (3, 660.0)]
    assert Session.objects.filter(recording=first).count() == 2
    first.refresh_from_db()
    assert (first.status, first.duration > 660) == ("ready", True)
    assert not Run.objects.exists(), "nothing had been recognised"


def test_joining_starts_recognition_anew_where_there_was_one(
    connect: Any, work: Any, wav: Any, recognition: None
) -> None:
    first, later = broken_call(connect, work, wav)
    for one in (first, later):
        services.process(one, pipeline="meeting")
    with pytest.raises(Exception, match="worked on"):
        _join(first, later)
    tasks.drain("gpu")
    for track in Track.objects.filter(recording=first):
        TrackWords.objects.create(track=track, segments=[], engine="")
    joined = _join(later, first)
    assert joined.pk == first.pk, "the one that began first stays"
    run = Run.objects.get(status="queued")
    heard = set(run.steps.values_list("track__offset", flat=True))
    assert heard == {660.0}, "only what nobody has heard yet"


def _join(*recordings: Recording) -> Recording:
    from conferences.services import joining

    return joining.join(recordings, by=recordings[0].owner)


def test_only_whoever_may_and_only_of_one_conference(connect: Any, work: Any, wav: Any) -> None:
    first, later = broken_call(connect, work, wav)
    stranger = caller(factories.user())
    answer = stranger.post(
        f"{API}/recordings/{first.pk}/join/",
        {"recordings": [str(later.pk)]},
        content_type="application/json",
    )
    assert answer.status_code == 404
    other = factories.recording(first.owner, realm=first.realm)
    refused = caller(first.owner).post(
        f"{API}/recordings/{first.pk}/join/",
        {"recordings": [str(other.pk)]},
        content_type="application/json",
    )
    assert refused.status_code == 400, refused.content
    assert Recording.objects.count() == 3


def test_lost_tracks_are_tried_again_by_hand(
    connect: Any, work: Any, wav: Any, admin: Client
) -> None:
    _connection, server = connect(track_patience_hours=0)
    server.meet()
    server.speak("anna", wav(pitch=300))
    lost = server.speak("boris", wav(pitch=500), gone=True)
    work.until(RemoteTrack.objects.filter(status="missing").exists)
    work.idle()
    lost.gone = False
    conference = Conference.objects.get()
    answer = admin.post(f"{API}/conferences/{conference.pk}/retry/")
    assert (answer.status_code, answer.json()) == (202, {"tried_again": 1})
    work.until(Recording.objects.filter(incomplete=False, status="ready").exists)
    shown = admin.get(f"{API}/conferences/{conference.pk}/").json()
    assert [one["status"] for one in shown["sessions"][0]["tracks"]] == ["stored", "stored"]
    assert shown["participants"][0]["call_id"] == "anna@server.test"


def test_people_see_their_conferences(connect: Any, work: Any, wav: Any) -> None:
    _connection, server = connect()
    for name in ("m1", "m2"):
        server.meet(name, owner=f"{name}@server.test")
        server.people[name] = []
        server.speak("anna", wav(), meeting=name)
    work.until(lambda: Recording.objects.filter(status="ready").count() == 2)
    owner = Recording.objects.get(sessions__conference__remote_id="m1").owner
    shown = caller(owner).get(f"{API}/conferences/").json()["results"]
    assert [one["remote_id"] for one in shown] == ["m1"]
    other = Conference.objects.get(remote_id="m2")
    assert caller(owner).get(f"{API}/conferences/{other.pk}/").status_code == 404


def test_metrics_and_downloads_settings(admin: Client, connect: Any) -> None:
    connect()
    text = admin.get("/metrics").content.decode()
    assert 'sai_connections{status="new"} 1.0' in text
    assert "sai_downloads_oldest_seconds 0.0" in text
    address = f"{API}/connections/downloads/"
    assert admin.get(address).json() == {"download_workers": 5, "bytes_per_second": None}
    changed = admin.patch(address, {"download_workers": 9}, content_type="application/json")
    assert changed.json()["download_workers"] == 9
    wrong = admin.patch(address, {"download_workers": 0}, content_type="application/json")
    assert wrong.status_code == 400


def test_the_list_can_be_narrowed_to_a_source(root: Any) -> None:
    owner = factories.user()
    factories.recording(owner, source="trueconf")
    factories.recording(owner, source="upload")
    browser = Client()
    browser.force_login(owner)
    text = browser.get("/", {"source": "trueconf"}).content.decode()
    assert 'value="trueconf" selected' in text
    assert "1 recording found" in text
    assert "2 recordings found" in browser.get("/", {"source": "nonsense"}).content.decode()


@pytest.mark.parametrize("name", ["bytes_per_second", "download_workers"])
def test_no_limit_is_nothing_not_zero(admin: Client, servers: Any, name: str) -> None:
    address = f"{API}/connections/"
    refused = admin.post(address, {**BODY, name: 0}, content_type="application/json")
    assert (refused.status_code, list(refused.json()["details"])) == (400, [name])
    assert not Connection.objects.exists()
