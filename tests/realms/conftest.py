"""Two meeting servers, A and B, with people of the same names."""

from collections.abc import Iterator

import pytest

from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.tests import scene as held
from tests.test_wall import scene

__all__ = ["fakes", "scene", "servers"]


@pytest.fixture(scope="module")
def fakes() -> Iterator[dict[str, FakeServer]]:
    with FakeServer(name="a.example") as a, FakeServer(name="b.example") as b:
        for server in (a, b):
            server.add_user("anna", name="Anna")
        yield {"a": a, "b": b}


@pytest.fixture
def servers(fakes: dict[str, FakeServer], db: None) -> dict[str, Connection]:
    return {name: held.connect(fake, name) for name, fake in fakes.items()}
