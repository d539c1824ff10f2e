"""Engines go on when Redis or PostgreSQL goes away for a while."""

import time
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import Settings

from recognition.models import TrackWords
from recognition.tests import gateway
from recognition.tests.conftest import Connect
from recognition.tests.gateway import finish_locally, phrases, recording, step
from sai.embedded import Servers


def test_without_redis_work_is_offered_a_little_later(
    connect: Connect, tmp_path: Path, servers: Servers, settings: Settings
) -> None:
    assert servers.redis is not None
    settings.RECORDINGS = {**settings.RECORDINGS, "lease_seconds": 20}
    engine = connect()
    servers.redis.stop()
    made = recording(tmp_path)
    offer = engine.take(timeout=5)
    assert engine.finish(offer, phrases(offer, "heard"))["type"] == "accepted"
    assert finish_locally(made).status == "done"


def test_a_restart_of_postgresql_costs_no_work(
    connect: Connect, tmp_path: Path, servers: Servers
) -> None:
    """The gateway may close its sockets meanwhile; the engine comes back with its result."""
    assert servers.postgres is not None
    engine = connect()
    made = recording(tmp_path, params={"engine": "remote"})
    offer = engine.take()
    connections.close_all()
    servers.postgres.stop()
    time.sleep(1)
    servers.postgres.start()
    answer = _finish_stubbornly(connect, engine, offer)
    assert answer["type"] == "accepted"
    assert finish_locally(made).status == "done"
    assert (step(made).attempt, TrackWords.objects.count()) == (1, 1)


def _finish_stubbornly(connect: Connect, engine: gateway.Engine, offer: dict) -> dict:
    held = [{"request_id": offer["request_id"], "attempt": offer["attempt"]}]
    for _ in range(20):
        try:
            return engine.finish(offer, phrases(offer, "heard"))
        except Exception:
            time.sleep(0.3)
            try:
                engine = connect(holding=held)
            except Exception:
                continue
    pytest.fail("the gateway did not come back")
