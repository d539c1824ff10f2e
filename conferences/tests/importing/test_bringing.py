"""From a server's list to a recording that is recognised: nothing lost, nothing doubled."""

import threading
from datetime import timedelta
from typing import Any

from accounts.models import AuditEntry
from conferences import background, journey
from conferences.models import (
    Conference,
    Connection,
    Identity,
    Participant,
    RemoteTrack,
    Session,
)
from conferences.platforms.base import CredentialsRejected, RemoteParticipant
from conferences.services import connections
from conferences.tests.importing.conftest import at_once
from conferences.tests.importing.server import away
from recordings import services, tasks
from recordings.choices import RecordingStatus
from recordings.models import Access, Recording, Run
from recordings.tests import factories


def statuses() -> list[str]:
    return list(RemoteTrack.objects.order_by("id").values_list("status", flat=True))


def ready() -> bool:
    """Its last track is here, and the session has been told so a moment later."""
    settled = Session.objects.filter(status__in=("ready", "incomplete")).exists()
    return settled and Recording.objects.filter(status=RecordingStatus.READY).exists()


def test_a_meeting_becomes_a_recording_with_its_people(connect: Any, work: Any, wav: Any) -> None:
    connection, server = connect(auto_recognize=False)
    server.meet(topic="Budget", recognition_language="ru", tags=("money",))
    server.speak("anna", wav(pitch=300))
    server.speak("boris", wav(pitch=500))
    work.until(ready)
    recording = Recording.objects.get()
    assert recording.title.startswith("Budget, 20")
    assert (recording.kind, recording.source) == ("meeting", "trueconf")
    assert (recording.realm, recording.language) == (connection.realm, "ru")
    assert recording.tags == ["money"]
    assert recording.owner.identity.call_id == "anna@server.test"
    names = recording.tracks.values_list("name", "status", "offset")
    assert list(names) == [("Anna", "stored", 0.0), ("Boris", "stored", 0.0)]
    session = Session.objects.get()
    assert (session.status, recording.incomplete) == ("ready", False)
    access = Access.objects.get(user__identity__call_id="boris@server.test")
    assert (access.origin, access.rights) == ("role:participant", ["view", "comment"])
    group = Access.objects.get(group__isnull=False)
    assert group.group.name == f"{connection.realm} administrators"
    assert not Run.objects.exists(), "nobody asked for recognition"
    connection.refresh_from_db()
    assert (connection.status, connection.missing_scopes) == ("works", ["users:read"])
    assert connection.clock_skew_s == 1.5


def test_two_looks_at_once_double_nothing(connect: Any, work: Any, wav: Any) -> None:
    _connection, server = connect()
    for number in range(5):
        server.meet(f"m{number}", sessions=2)
        server.speak("anna", wav(pitch=300 + number), meeting=f"m{number}")
    first = background.claim()
    assert first
    assert background.claim() is None, "one looks"
    Connection.objects.update(poll_until=None, next_poll_at=None)
    second = background.claim()
    assert second
    at_once(first.run, second.run)
    counts = [model.objects.count() for model in (Conference, Session, Participant, RemoteTrack)]
    assert counts == [5, 10, 10, 5]
    journey.advance()
    assert Recording.objects.count() == 5


def test_recognition_starts_once_when_the_meeting_says_so(
    connect: Any, work: Any, wav: Any, recognition: None
) -> None:
    _connection, server = connect()
    server.meet(auto_recognition=True)
    server.speak("anna", wav())
    other = type(work)()
    at_once(*(lambda one=one: one.until(Run.objects.exists) for one in (work, other)))
    other.stop()
    assert Run.objects.count() == 1
    session = Session.objects.get()
    Session.objects.update(started_recognition=False)
    Run.objects.all().delete()
    Recording.objects.update(status="ready")
    at_once(*[lambda: journey.recognise(session.pk)] * 8)
    assert Run.objects.count() == 1
    assert Recording.objects.get().status == RecordingStatus.PROCESSING


def test_only_with_consent_where_it_is_required(
    connect: Any, work: Any, wav: Any, recognition: None
) -> None:
    _connection, server = connect(auto_recognize=True, consent_required=True)
    server.meet()
    server.speak("anna", wav())
    work.until(ready)
    work.once()
    assert not Run.objects.exists()
    Conference.objects.update(consent="given")
    work.until(Run.objects.exists)


def test_a_running_meeting_is_left_alone_until_it_is_over(
    connect: Any, work: Any, wav: Any
) -> None:
    _connection, server = connect()
    server.meet(running=True)
    work.once()
    assert not Session.objects.get().ended
    assert not any(what[0] == "tracks" for what in server.asked)
    server.stop()
    server.speak("anna", wav())
    Connection.objects.update(next_poll_at=None)
    work.until(ready)


def test_a_dead_and_a_hanging_server_delay_only_themselves(
    connect: Any, work: Any, wav: Any
) -> None:
    dead, silent = connect("dead")
    silent.error = away(excerpt="<html>" + "x" * 900)
    hanging, hangs = connect("hangs")
    hangs.hang = threading.Event()
    _connection, server = connect("works")
    server.meet()
    server.speak("anna", wav())
    work.until(ready)
    dead.refresh_from_db()
    assert (dead.status, dead.error["code"], dead.poll_failures > 0) == ("away", "away", True)
    assert len(dead.error["details"]["excerpt"]) == 500
    hanging.refresh_from_db()
    assert hanging.poll_until is not None
    assert hanging.polled_at is None
    hangs.hang.set()


def test_refused_credentials_end_the_looking_until_somebody_changes_them(
    connect: Any, work: Any
) -> None:
    connection, server = connect()
    server.error = CredentialsRejected("no", details={"trace_id": "t-1"})
    work.once()
    connection.refresh_from_db()
    assert (connection.status, connection.last_trace_id) == ("rejected", "t-1")
    asked = len(server.asked)
    Connection.objects.update(next_poll_at=None)
    work.once()
    assert len(server.asked) == asked, "it is not asked again"


def test_the_next_look_begins_where_the_last_one_did_less_the_window(
    connect: Any, work: Any
) -> None:
    connection, server = connect(rescan_hours=5)
    work.once()
    connection.refresh_from_db()
    first = connection.changed_since
    Connection.objects.update(next_poll_at=None)
    work.once()
    since = [what[1] for what in server.asked if what[0] == "conferences"]
    assert since == [None, first - timedelta(hours=5)]


def test_a_track_that_can_not_be_had_leaves_the_recording_incomplete_and_a_late_one_joins(
    connect: Any, work: Any, wav: Any, recognition: None
) -> None:
    _connection, server = connect(auto_recognize=True, track_patience_hours=0)
    server.meet()
    server.speak("anna", wav(pitch=300))
    lost = server.speak("boris", wav(pitch=500), gone=True)
    work.until(Run.objects.exists)
    recording = Recording.objects.get()
    assert recording.incomplete
    assert Session.objects.get().status == "incomplete"
    assert statuses() == ["stored", "missing"]
    tasks.drain("gpu")
    recording.refresh_from_db()
    assert recording.status == "done"

    lost.gone, lost.body = False, wav(pitch=600, seconds=2)
    Session.objects.update(looked_at=None)
    Connection.objects.update(next_poll_at=None)
    work.until(lambda: Run.objects.count() == 2)
    work.until(lambda: not Recording.objects.get().incomplete)
    assert (Session.objects.get().status, statuses()) == ("ready", ["stored"] * 2)
    tasks.drain("gpu")
    work.once()
    assert Run.objects.count() == 2, "merged once"


def test_a_track_nobody_spoke_of_before_is_added(
    connect: Any, work: Any, wav: Any, recognition: None
) -> None:
    _connection, server = connect(auto_recognize=True)
    server.meet()
    server.speak("anna", wav(pitch=300))
    work.until(Run.objects.exists)
    tasks.drain("gpu")
    server.speak("boris", wav(pitch=500))
    Session.objects.update(looked_at=None)
    Connection.objects.update(next_poll_at=None)
    work.until(lambda: Run.objects.count() == 2)
    assert Recording.objects.get().tracks.filter(status="stored").count() == 2


def test_a_recording_that_was_deleted_is_not_brought_again(
    connect: Any, work: Any, wav: Any
) -> None:
    _connection, server = connect()
    server.meet()
    server.speak("anna", wav())
    work.until(ready)
    services.delete(Recording.objects.get(), by=None)
    Session.objects.update(looked_at=None)
    Connection.objects.update(next_poll_at=None)
    work.once()
    work.once()
    assert not Recording.objects.exists()
    assert Session.objects.get().forgotten


def test_rights_follow_the_roles(connect: Any, work: Any, wav: Any) -> None:
    _connection, server = connect()
    server.meet()
    server.speak("anna", wav())
    work.until(ready)
    work.once()
    server.people["m1"] = [
        RemoteParticipant("anna@server.test", "Anna", "owner"),
        RemoteParticipant("boris@server.test", "Boris", "moderator"),
        RemoteParticipant("#guest:7@server.test", "Somebody", "participant"),
    ]
    recording = Recording.objects.get()
    by_hand = factories.user("eve", realm=recording.realm)
    services.grant(recording, by=recording.owner, rights=["view"], to=by_hand)
    Session.objects.update(looked_at=None)
    Connection.objects.update(next_poll_at=None)
    boris = Access.objects.filter(user__identity__call_id="boris@server.test")
    work.until(lambda: boris.filter(origin="role:moderator").exists())
    assert [row.rights for row in boris] == [["view", "comment", "edit", "run"]]
    assert Access.objects.filter(user=by_hand).exists()
    assert not Identity.objects.filter(call_id__startswith="#").exists()
    told = AuditEntry.objects.filter(object_id=str(recording.pk), data__rule="role:participant")
    assert list(told.values_list("action", flat=True)) == ["grant", "revoke"]


def test_a_read_only_connection_brings_nothing(connect: Any, work: Any, wav: Any) -> None:
    connection, server = connect(access="read_only")
    server.meet()
    server.speak("anna", wav())
    work.once()
    work.once()
    connection.refresh_from_db()
    assert connection.status == "works"
    assert not Conference.objects.exists()


def test_a_late_track_whose_bringer_was_killed_completes_its_session(
    connect: Any, work: Any, wav: Any
) -> None:
    _connection, server = connect(auto_recognize=False, track_patience_hours=0)
    server.meet()
    server.speak("anna", wav(pitch=300))
    server.speak("boris", wav(pitch=500), gone=True)
    work.until(ready)
    assert Session.objects.get().status == "incomplete"
    work.stop()
    RemoteTrack.objects.filter(status="missing").update(status="stored")
    journey.advance()
    recording = Recording.objects.get()
    assert (Session.objects.get().status, recording.incomplete) == ("ready", False)


def test_a_server_that_is_given_up_leaves_nobody_waiting(connect: Any, work: Any, wav: Any) -> None:
    _connection, server = connect(track_patience_hours=0)
    server.meet()
    server.speak("anna", wav(pitch=300))
    server.pause, server.chunk = 0.05, 256
    work.until(lambda: RemoteTrack.objects.filter(status="downloading").exists())
    Connection.objects.update(enabled=False)
    work.stop()
    RemoteTrack.objects.filter(status="downloading").update(status="pending", lease_until=None)
    journey.advance()
    recording = Recording.objects.get()
    assert (recording.status, recording.incomplete) == ("failed", True)
    assert Session.objects.get().status == "failed"


def test_deleting_a_connection_releases_what_waits(connect: Any, work: Any, wav: Any) -> None:
    connection, server = connect()
    server.meet()
    server.speak("anna", wav(pitch=300))
    server.speak("boris", wav(pitch=500), gone=True)
    work.until(RemoteTrack.objects.filter(status="stored").exists)
    work.stop()
    connections.delete(connection, actor=None)
    recording = Recording.objects.get()
    assert (recording.status, recording.incomplete) == ("ready", True)
    assert list(recording.tracks.values_list("status", flat=True)) == ["stored", "missing"]
    assert not Conference.objects.exists()
