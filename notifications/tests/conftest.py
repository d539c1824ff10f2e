"""People, events, and a real web server in a thread of this process."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from asgiref.sync import sync_to_async
from django.db import connections

from accounts import tokens
from accounts.choices import Role, TokenKind
from accounts.models import User
from common.tests.http_server import HttpServer, http_server
from notifications import events, hub, services
from notifications.models import Webhook
from notifications.tests import audience
from notifications.tests.hook_scene import SECRET


@pytest.fixture(autouse=True)
def own_audience(settings) -> Iterator[dict[str, set[int]]]:
    """Recording id -> users; the tests say who may see what."""
    settings.EVENT_AUDIENCES = {"recording": "notifications.tests.audience.viewers_of"}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    described = "notifications.tests.audience.subjects_of"
    settings.NOTICE_SUBJECTS = {"recording": described, "access": described}
    audience.allowed.clear()
    audience.subjects.clear()
    yield audience.allowed
    audience.allowed.clear()
    audience.subjects.clear()


@pytest.fixture(autouse=True)
def threads_keep_no_connection() -> None:
    """Otherwise the test database could not be dropped in the end."""
    for alias in connections:
        connections.settings[alias]["CONN_MAX_AGE"] = 0


@pytest.fixture
def person(transactional_db) -> Callable[..., User]:
    def make(name: str, role: str = Role.USER) -> User:
        return User.objects.create_user(name, password="a long password", role=role)

    return make


@pytest.fixture
def token_of() -> Callable[..., str]:
    def make(user: User, *scopes: str) -> str:
        return tokens.make(user, TokenKind.API, "test", scopes)[1]

    return make


def happen(recording: str, kind: str = "recording.status", **data: object) -> None:
    """One event of a recording, committed."""
    events.append(
        kind,
        object_type="recording",
        object_id=recording,
        topic=f"recording:{recording}",
        data=data,
    )


def aside(work: Callable[..., Any]) -> Callable[..., Any]:
    """Database work of an async test: in a thread that keeps no connection."""

    def run(*args: object, **more: object) -> Any:
        try:
            return work(*args, **more)
        finally:
            connections.close_all()

    return sync_to_async(run)


class Server:
    """uvicorn in a thread: real sockets, this process's database."""

    def __init__(self) -> None:
        from sai.asgi import application

        config = uvicorn.Config(
            application, port=0, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def _run(self) -> None:
        async def serve() -> None:
            await self._server.serve()
            await hub.current().close()

        asyncio.run(serve())

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(15)

    @property
    def socket(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/v1/events"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1/events/"


@pytest.fixture
def server(transactional_db) -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def receiver(settings) -> Iterator[HttpServer]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    with http_server() as server:
        yield server


@pytest.fixture
def hook(receiver: HttpServer) -> Callable[..., Webhook]:
    def make(name: str = "crm", url: str = "", asks: tuple[str, ...] = ("*",)) -> Webhook:
        return services.create_webhook(
            name=name, url=url or receiver.url(), events=asks, secret=SECRET, by=None
        ).webhook

    return make
