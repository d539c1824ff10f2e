"""What stories about platforms share: a stand-in server, and a connection to it."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from conferences.choices import Platform
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.platforms.base import (
    Driver,
    RemoteTrackInfo,
)
from conferences.platforms.registry import get_driver


@pytest.fixture
def tcs() -> Iterator[FakeServer]:
    with FakeServer() as server:
        yield server


def connected(server: FakeServer, **more: Any) -> Connection:
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


def listed(driver: Driver) -> tuple[str, str, list[RemoteTrackInfo]]:
    [conference] = driver.conferences()
    session = driver.sessions(conference)[-1]
    return conference.id, session.id, list(driver.tracks(conference.id, session_id=session.id))


def asked_for_tokens(server: FakeServer) -> int:
    return sum(one.path.endswith("/token") for one in server.requests)
