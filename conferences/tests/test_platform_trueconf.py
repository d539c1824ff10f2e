"""The TrueConf driver against the stand-in server, over real sockets."""

import datetime as dt
import hashlib
from contextlib import closing

import pytest

from conferences.choices import ConferenceRole, ConnectionStatus
from conferences.fake_tcs.meetings import Voice
from conferences.fake_tcs.server import FakeServer
from conferences.fake_tcs.sound import tone
from conferences.models import Conference, Connection
from conferences.platforms.base import (
    CredentialsRejected,
    Driver,
    NotThere,
    PlatformError,
)
from conferences.platforms.registry import get_driver
from conferences.tests.platforms import asked_for_tokens, connected, driver, listed, read, tcs

__all__ = ["driver", "tcs"]
pytestmark = pytest.mark.django_db


def test_the_way_from_a_server_to_the_bytes_of_a_track(tcs: FakeServer, driver: Driver) -> None:
    meeting = tcs.add_meeting(topic="Plan", tracks=3, invited=["zoe"], language="ru")
    [conference] = driver.conferences()
    assert (conference.id, conference.topic) == (meeting.id, "Plan")
    assert conference.owner == meeting.owner
    assert conference.auto_recognition is True
    assert conference.recognition_language == "ru"
    assert not conference.is_running
    assert conference.created_at == meeting.created_at
    [session] = driver.sessions(conference)
    assert session.id == meeting.sessions[0].id
    assert session.started_at == meeting.sessions[0].started_at
    assert session.stopped_at is not None
    people = {one.call_id: one for one in driver.participants(conference.id, session_id=session.id)}
    assert people["zoe@tcs.example"].role == ConferenceRole.INVITED
    assert people["person1@tcs.example"].joined_at is not None
    tracks = driver.tracks(conference.id, session_id=session.id)
    assert {one.call_id for one in tracks} == {f"person{n}@tcs.example" for n in (1, 2, 3)}
    for track in tracks:
        data = read(driver, conference.id, session.id, track)
        assert len(data) == track.size
        assert hashlib.sha256(data).hexdigest() == track.sha256
    assert not any(one.token_in_query for one in tcs.requests)
    raw = [one.raw_path for one in tcs.requests if "/sessions/" in one.raw_path]
    assert raw
    assert all("%40" in one and "%23vcs" in one for one in raw)
    assert asked_for_tokens(tcs) == 1


def test_a_check_tells_scopes_by_name_clock_and_version(tcs: FakeServer) -> None:
    connection = connected(tcs)
    with closing(get_driver(connection)) as driver:
        health = driver.check()
        assert health.missing_scopes == ()
        assert (health.generation, health.version) == ("v4", "5.5.6.10000")
        assert abs(health.clock_skew_s or 0) < 2
        assert health.certificate_expires_at is None
        tcs.faults.add("missing_scope", scope="conferences.records:read")
        tcs.faults.add("clock_skew", seconds=-120)
        health = driver.check()
    assert health.missing_scopes == ("conferences.records:read",)
    assert "conferences.records:write" in health.granted_scopes
    assert -122 < (health.clock_skew_s or 0) < -118
    connection.refresh_from_db()
    assert connection.generation == "v4"
    assert "conferences.records:read" not in connection.granted_scopes


def test_without_the_scope_of_conferences_a_check_names_it(tcs: FakeServer) -> None:
    tcs.app.scopes = {"users"}
    with closing(get_driver(connected(tcs))) as driver:
        assert "conferences:read" in driver.check().missing_scopes
        with pytest.raises(PlatformError) as refused:
            list(driver.conferences())
    assert refused.value.code == "platform_forbidden"
    assert not refused.value.retryable


def test_tokens_lie_encrypted_and_serve_the_next_driver(tcs: FakeServer) -> None:
    tcs.add_meeting(tracks=1)
    connection = connected(tcs)
    for _ in range(3):
        with closing(get_driver(connection)) as driver:
            assert len(list(driver.conferences())) == 1
    assert asked_for_tokens(tcs) == 1
    connection.refresh_from_db()
    raw = Connection.objects.filter(pk=connection.pk).extra(select={"raw": "access_token"})[0].raw
    assert connection.access_token in tcs.state.tokens
    assert connection.access_token not in raw
    assert connection.client_secret not in raw


def test_a_token_that_ends_is_replaced_before_it_is_used(tcs: FakeServer) -> None:
    tcs.add_meeting(tracks=1)
    tcs.app.access_seconds = 3600
    connection = connected(tcs)
    with closing(get_driver(connection)) as driver:
        list(driver.conferences())
    Connection.objects.update(token_expires_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    with closing(get_driver(connection)) as driver:
        list(driver.conferences())
    assert asked_for_tokens(tcs) == 2
    assert not any(one.status == 401 for one in tcs.requests)


@pytest.mark.parametrize("generation", ["v4", "v3"])
def test_a_token_that_was_taken_away_is_replaced_once(generation: str) -> None:
    with FakeServer(generation=generation) as tcs:
        tcs.add_meeting(tracks=1)
        with closing(get_driver(connected(tcs))) as driver:
            list(driver.conferences())
            before = asked_for_tokens(tcs)
            tcs.expire_tokens()
            assert len(list(driver.conferences())) == 1
            assert asked_for_tokens(tcs) == before + 1
            refused = [one.status for one in tcs.requests if "/conferences" in one.path]
            assert refused.count(401 if generation == "v4" else 403) == 1


def test_a_server_that_refuses_new_tokens_as_well_rejects_us(tcs: FakeServer) -> None:
    tcs.add_meeting(tracks=1)
    with closing(get_driver(connected(tcs))) as driver:
        tcs.faults.add("rejected_token")
        with pytest.raises(CredentialsRejected) as rejected:
            list(driver.conferences())
    assert not rejected.value.retryable
    assert rejected.value.details["reason"] == "accessTokenInvalid"
    assert asked_for_tokens(tcs) == 2
    assert sum(one.path == "/api/v4/conferences" for one in tcs.requests) == 2


@pytest.mark.parametrize("generation", ["v4", "v3"])
def test_wrong_credentials_are_rejected_and_nothing_else_is_asked(generation: str) -> None:
    with FakeServer(generation=generation) as tcs:
        connection = connected(tcs, client_secret="wrong-and-secret")
        with closing(get_driver(connection)) as driver, pytest.raises(CredentialsRejected) as no:
            list(driver.conferences())
        assert "wrong-and-secret" not in str(no.value.details) + no.value.message
        assert {one.path for one in tcs.requests} <= {"/api/v4/oauth2/token", "/oauth2/v1/token"}
    connection.refresh_from_db()
    assert connection.status == ConnectionStatus.NEW


def test_a_grant_that_is_switched_off_is_told(tcs: FakeServer) -> None:
    tcs.app.grants -= {"client_credentials"}
    with closing(get_driver(connected(tcs))) as driver, pytest.raises(CredentialsRejected) as no:
        driver.check()
    assert "unauthorized_client" in no.value.message
    assert "client_credentials" in no.value.next_action


def test_a_page_of_a_proxy_is_kept_and_tried_again(tcs: FakeServer, driver: Driver) -> None:
    tcs.faults.add("html_502", path="/api/v4/conferences")
    with pytest.raises(PlatformError) as failed:
        list(driver.conferences())
    assert failed.value.retryable
    assert failed.value.details["status"] == 502
    assert "<" in failed.value.details["excerpt"]
    assert len(failed.value.details["excerpt"]) <= 500


def test_a_page_of_a_proxy_at_the_token_endpoint_rejects_nobody(tcs: FakeServer) -> None:
    tcs.faults.add("html_502", path="*/token", status=403)
    with closing(get_driver(connected(tcs))) as driver, pytest.raises(PlatformError) as failed:
        driver.check()
    assert not isinstance(failed.value, CredentialsRejected)


@pytest.mark.parametrize(
    ("status", "retryable"), [(500, True), (503, True), (429, True), (400, False), (403, False)]
)
def test_what_may_pass_is_told_from_what_stays(
    tcs: FakeServer, driver: Driver, status: int, retryable: bool
) -> None:
    tcs.faults.add("error", path="/api/v4/conferences", status=status, retry_after=7)
    with pytest.raises(PlatformError) as failed:
        list(driver.conferences())
    assert failed.value.retryable is retryable
    assert failed.value.details["trace_id"]
    assert failed.value.retry_after_s == (7 if retryable else None)


def test_a_server_that_is_away_or_cuts_is_tried_again(tcs: FakeServer, driver: Driver) -> None:
    tcs.faults.add("cut", path="/api/v4/conferences", after=0, times=2)
    for _ in range(2):
        with pytest.raises(PlatformError) as failed:
            list(driver.conferences())
        assert failed.value.retryable
        tcs.die()
    tcs.revive()
    assert list(driver.conferences()) == []


def test_lists_longer_than_a_page_with_a_row_twice(tcs: FakeServer, driver: Driver) -> None:
    tcs.add_meeting(tracks=450)
    tcs.faults.add("doubled_page")
    conference, session, tracks = listed(driver)
    assert len(tracks) == len({one.id for one in tracks}) == 450
    assert len(driver.participants(conference, session_id=session)) == 450


def test_people_come_once_with_their_highest_role(tcs: FakeServer, driver: Driver) -> None:
    voices = [
        Voice("anna", tone(1), flag=0),
        Voice("anna", tone(2), flag=1, joined=5),
        Voice("boris", tone(3), flag=2),
    ]
    tcs.add_meeting(owner="boris", tracks=voices)
    [conference] = driver.conferences()
    [session] = driver.sessions(conference)
    people = {one.call_id: one for one in driver.participants(conference.id, session_id=session.id)}
    assert people["anna@tcs.example"].role == ConferenceRole.MODERATOR
    assert people["boris@tcs.example"].role == ConferenceRole.OWNER
    joined = people["anna@tcs.example"].joined_at
    left = people["anna@tcs.example"].left_at
    assert joined
    assert left
    assert (left - joined).total_seconds() == pytest.approx(5.1, abs=0.2)


def test_without_the_scope_of_invitations_people_still_come(tcs: FakeServer) -> None:
    tcs.add_meeting(tracks=2, invited=["zoe"])
    tcs.faults.add("missing_scope", scope="conferences.invitations:read")
    with closing(get_driver(connected(tcs))) as driver:
        [conference] = driver.conferences()
        assert len(driver.participants(conference.id)) == 2


@pytest.mark.parametrize("why", ["scope", "path"])
def test_where_people_of_a_session_are_not_told_those_of_the_conference_are(
    tcs: FakeServer, why: str
) -> None:
    tcs.add_meeting(tracks=2)
    paths = {"session_participants": "/api/v4/nowhere/{session_id}"} if why == "path" else {}
    if why == "scope":
        tcs.app.scopes -= {"conferences.sessions.participants:read"}
    with closing(get_driver(connected(tcs, paths=paths))) as driver:
        [conference] = driver.conferences()
        [session] = driver.sessions(conference)
        for _ in range(2):
            assert len(driver.participants(conference.id, session_id=session.id)) == 2
    asked = [
        one.path for one in tcs.requests if "participants" in one.path or "nowhere" in one.path
    ]
    assert len(asked) == 3  # what is not there is asked for once


def test_people_of_an_earlier_session(tcs: FakeServer, driver: Driver) -> None:
    meeting = tcs.add_meeting(tracks=[Voice("anna", tone(1))])
    tcs.add_session(meeting, tracks=[Voice("boris", tone(2))])
    [conference] = driver.conferences()
    first, second = driver.sessions(conference)

    def there(session: str) -> set[str]:
        found = driver.participants(conference.id, session_id=session)
        return {one.call_id for one in found if one.joined_at}

    assert there(first.id) == {"anna@tcs.example"}
    assert there(second.id) == {"boris@tcs.example"}


def test_only_what_may_have_changed_comes_again(tcs: FakeServer, driver: Driver) -> None:
    now = dt.datetime.now(dt.UTC)
    long_ago, since = now - dt.timedelta(days=400), now - dt.timedelta(hours=1)
    old, held, lost = (tcs.add_meeting(tracks=1, started_at=long_ago) for _ in range(3))
    fresh = tcs.add_meeting(tracks=1)
    connection = Connection.objects.get()
    for remote in driver.conferences():
        Conference.objects.create(
            connection=connection, remote_id=remote.id, topic=remote.topic, seen=remote.seen
        )
    Connection.objects.update(polled_at=dt.datetime.now(dt.UTC))
    Conference.objects.get(remote_id=lost.id).save()  # by a look that did not come to its end
    tcs.add_session(held, tracks=1)
    with closing(get_driver(Connection.objects.get())) as later:
        changed = {one.id for one in later.conferences(changed_since=since)}
    assert changed == {held.id, lost.id, fresh.id}
    assert old.id not in changed
    Connection.objects.update(options={"list_all": True})
    with closing(get_driver(Connection.objects.get())) as everything:
        assert len(list(everything.conferences(changed_since=since))) == 4


def test_a_wrong_path_is_a_matter_of_settings(tcs: FakeServer) -> None:
    tcs.add_meeting(tracks=1)
    paths = {"tracks": "/api/v4/elsewhere/{session_id}", "sessions": "/api/v9/{conference_id}"}
    with closing(get_driver(connected(tcs, paths=paths))) as driver:
        [conference] = driver.conferences()
        with pytest.raises(PlatformError) as wrong:
            driver.sessions(conference)
    assert wrong.value.code == "platform_route"
    assert not isinstance(wrong.value, NotThere)
    assert wrong.value.details["trace_id"]


def test_fields_are_called_otherwise(tcs: FakeServer) -> None:
    tcs.add_meeting(tracks=1)
    fields = {"tracks.display_name": "call_id", "sessions.started_at": "stopped_at"}
    with closing(get_driver(connected(tcs, fields=fields))) as driver:
        [conference] = driver.conferences()
        [session] = driver.sessions(conference)
        assert session.started_at == session.stopped_at
        [track] = driver.tracks(conference.id, session_id=session.id)
    assert track.display_name == "person1@tcs.example"
