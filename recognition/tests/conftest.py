"""What the stories about engines share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import Settings

from recognition.tests import gateway
from recordings.tests.conftest import pipelines, root  # noqa: F401  used by name
from recordings.tests.web import Server


@pytest.fixture
def exchange(settings: Settings, tmp_path: Path) -> Path:
    """The exchange directory of a storage of this test alone; short times."""
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        **gateway.HURRIED,
        "storage": str(tmp_path / "fs"),
        "disk_reserve_bytes": 0,
    }
    settings.VAR_DIR = tmp_path / "var"
    settings.PIPELINES = gateway.PIPELINES
    return tmp_path / "fs" / "exchange"


@pytest.fixture
def web(exchange: Path, transactional_db: None) -> Iterator[Callable[[], Server]]:
    """Starts web servers; all are stopped when the test ends."""
    for alias in connections:
        connections.settings[alias]["CONN_MAX_AGE"] = 0
    running: list[Server] = []

    def start() -> Server:
        running.append(Server())
        return running[-1]

    yield start
    for server in running:
        server.stop()


Connect = Callable[..., gateway.Engine]


@pytest.fixture
def connect(web: Callable[[], Server]) -> Iterator[Connect]:
    """Engines of one web server and one token, greeted; closed when the test ends."""
    made: list[gateway.Engine] = []
    shared: dict[str, object] = {}

    def start(
        name: str = "one", *, port: int = 0, token: str = "", **fields: object
    ) -> gateway.Engine:
        if not port and "port" not in shared:
            shared["port"] = web().port
        if not token and "token" not in shared:
            shared["token"] = gateway.engine_token()
        one = gateway.Engine(port or shared["port"], token or shared["token"], name)  # type: ignore[arg-type]
        made.append(one)
        return one.greet(**fields)

    yield start
    for one in made:
        one.close()
