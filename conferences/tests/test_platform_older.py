"""Servers of generation 3."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.platforms.base import (
    PlatformError,
)
from conferences.platforms.registry import get_driver
from conferences.tests.platforms import connected, driver, read, tcs

__all__ = ["driver", "tcs"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def older() -> Iterator[FakeServer]:
    with FakeServer(generation="v3") as server:
        yield server


def test_an_older_server_is_found_out_and_remembered(older: FakeServer) -> None:
    older.add_meeting(tracks=2, video=True)
    connection = connected(older)
    with closing(get_driver(connection)) as driver:
        assert driver.check().generation == "v3"
    connection.refresh_from_db()
    assert connection.generation == "v3"
    Connection.objects.update(token_expires_at=None)
    with closing(get_driver(connection)) as driver:
        before = len(older.requests)
        [conference] = driver.conferences()
        assert older.requests[before].path == "/oauth2/v1/token"
        [session] = driver.sessions(conference)
        started = older.meetings[conference.id].sessions[0].started_at
        assert session.started_at == started
        people = driver.participants(conference.id, session_id=session.id)
        assert {one.call_id for one in people} == {"person1@tcs.example", "person2@tcs.example"}
        assert all(one.joined_at and one.left_at for one in people)
        [record] = driver.tracks(conference.id, session_id=session.id)
        assert len(read(driver, conference.id, session.id, record)) == record.size
        with pytest.raises(PlatformError) as unable:
            driver.verify("some-token")
    assert unable.value.code == "platform_unsupported"


def test_long_lists_of_an_older_server(older: FakeServer) -> None:
    older.add_meetings(230, tracks=1)
    older.faults.add("doubled_page")
    with closing(get_driver(connected(older))) as driver:
        found = [one.id for one in driver.conferences()]
    assert len(found) == len(set(found)) == 230


def test_a_generation_that_was_set_is_not_tried_otherwise(tcs: FakeServer) -> None:
    tcs.faults.add("error", path="/oauth2/v1/token", status=404, reason="routeNotFound")
    with (
        closing(get_driver(connected(tcs, options={"generation": "v3"}))) as driver,
        pytest.raises(PlatformError) as missing,
    ):
        driver.check()
    assert missing.value.code == "platform_route"
    assert {one.path for one in tcs.requests} == {"/oauth2/v1/token"}
