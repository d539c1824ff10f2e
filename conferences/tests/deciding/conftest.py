"""A recording of a conference with an owner, a moderator and a participant."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from conferences.models import Connection
from conferences.tests import scene
from conferences.tests.deciding.members import join, who, written
from recordings.models import Access, Recording


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
