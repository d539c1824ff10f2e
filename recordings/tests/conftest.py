"""What the stories about the pipeline share."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from common.sql import ask
from recordings.tests import factories, sound
from recordings.tests.doors import URL, caller, send
from recordings.tests.pipelines import PIPELINES
from recordings.tests.steps import MARKS
from recordings.tests.web import Server


@pytest.fixture
def pipelines(settings: Settings, transactional_db: None) -> None:
    settings.PIPELINES = PIPELINES
    settings.RECORDINGS = {**settings.RECORDINGS, "retry_pace": 0.01}
    ask(MARKS)
    ask("TRUNCATE test_marks")


@pytest.fixture
def root(settings: Settings, tmp_path: Path) -> Path:
    """A storage of this test alone."""
    path = tmp_path / "storage"
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        "storage": str(path),
        "disk_reserve_bytes": 0,
        "upload_limit_bytes": 8 << 20,
    }
    return path


@pytest.fixture
def marks() -> Callable[[], list[str]]:
    """What the stand-in steps have done, in order."""
    return lambda: [row["step"] for row in ask("SELECT step FROM test_marks ORDER BY id")]


@pytest.fixture
def owner() -> User:
    return factories.user("olga")


@pytest.fixture
def api(owner: User, root: Path, pipelines: None) -> Client:
    return caller(owner)


@pytest.fixture
def heard(api: Client, tmp_path: Path) -> tuple[str, bytes]:
    """(address of its audio, its bytes)"""
    content = sound.wav_bytes(tmp_path)
    file = io.BytesIO(content)
    file.name = 'Über "all".wav'
    return f"{URL}{send(api, file, process='false').json()['id']}/audio/", content


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    for alias in connections:
        connections.settings[alias]["CONN_MAX_AGE"] = 0
    running = Server()
    yield running
    running.stop()
