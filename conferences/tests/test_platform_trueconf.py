"""The TrueConf driver against the stand-in server, over real sockets."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import closing

import pytest

from conferences.choices import ConferenceRole, Platform
from conferences.fake_tcs.server import FakeServer
from conferences.models import Conference, Connection
from conferences.platforms.base import (
    CredentialsRejected,
    Driver,
    NotThere,
    PlatformError,
    RemoteTrackInfo,
    TokenRefused,
)
from conferences.platforms.registry import get_driver

pytestmark = pytest.mark.django_db


@pytest.fixture
def tcs() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


def connected(server: FakeServer, **more: object) -> Connection:
    given = {
        "name": server.url,
        "platform": Platform.TRUECONF,
        "url": server.url,
        "client_id": server.app.client_id,
        "client_secret": server.app.client_secret,
        **more,
    }
    return Connection.objects.create(**given)


@pytest.fixture
def driver(tcs: FakeServer) -> Iterator[Driver]:
    with closing(get_driver(connected(tcs))) as made:
        yield made


def read(driver: Driver, conference: str, session: str, track: RemoteTrackInfo, **more) -> bytes:
    with driver.open_track(conference, session_id=session, track=track, **more) as part:
        return b"".join(part.chunks)


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
    assert (session.id, session.started_at) == (
        meeting.sessions[0].id,
        meeting.sessions[0].started_at,
    )
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
