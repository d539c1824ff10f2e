"""The OpenAPI description is true: whatever is sent, the answer is one that it speaks of.

Schemathesis makes the requests, the same ones at every run; never 5xx, always the promised shape.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.db import connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from pytest_django import Settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts import tokens
from accounts.choices import Role, TokenKind
from notifications.tests.conftest import Server
from recognition.tests.factories import transcript
from recordings import services
from recordings.tests import factories, sound

pytestmark = pytest.mark.django_db(transaction=True)
ENDLESS = "/api/v1/events/stream"
EXAMPLES = 5
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def server(root: Path, transactional_db: None, settings: Settings) -> Iterator[Server]:
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    running = Server()
    yield running
    running.stop()


def described() -> Any:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return schemathesis.openapi.from_dict(schema)


def recordings(owner: Any, folder: Path) -> Iterator[str]:
    """Recordings with sound and words; a new one each time: the last may have been deleted."""
    for pitch in itertools.count(200):
        path = sound.wav(folder / f"{pitch}.wav", seconds=0.2, pitch=pitch)
        file = services.IncomingFile(path, path.name)
        made, _ = services.receive(owner, [file], process=False)
        transcript(made, [("Anna", "one two"), ("Boris", "three")])
        yield str(made.pk)


def ask(operation: Any, root: str, headers: dict[str, str], known: str) -> None:
    """Several requests of one operation; those of a recording mostly with one that exists."""
    turn = itertools.count()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        if known and next(turn) % 4:
            case.path_parameters["id"] = known
        case.call_and_validate(base_url=root, headers=headers, checks=CHECKS, timeout=20)

    send()


@pytest.mark.parametrize("role", [Role.ADMIN, Role.USER])
def test_every_answer_is_one_that_is_described(server: Server, tmp_path: Path, role: str) -> None:
    user = factories.user(role=role)
    headers = {"Authorization": "Bearer " + tokens.make(user, TokenKind.API)[1]}
    root = server.http.removesuffix("/api/v1/events/")
    existing = recordings(user, tmp_path)
    wrong: list[str] = []
    for found in described().get_all_operations():
        operation = found.ok()
        if operation.path == ENDLESS:
            continue
        known = next(existing) if "/recordings/{id}/" in operation.path else ""
        try:
            ask(operation, root, headers, known)
        except (Exception, FailureGroup) as error:  # all that is wrong is told at once
            text = "\n".join(map(str, getattr(error, "exceptions", [error])))
            wrong.append(f"{operation.method.upper()} {operation.path}: {text}"[:1500])
    assert not wrong, "\n\n".join(wrong)
