"""Web processes killed with -9 while engines work: nobody loses anything, nothing is done twice."""

import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from websockets.exceptions import WebSocketException

from recognition.models import EngineRequest, TrackWords
from recognition.tests import gateway
from recognition.tests.gateway import finish_locally, phrases, recording, until
from recordings import tasks
from recordings.models import StepRun
from tests.faults.invariants import check_history, nobody_is_stuck
from tests.faults.workers import environment

ROOT = Path(__file__).resolve().parents[2]
AWAY = (OSError, WebSocketException, TimeoutError, AssertionError)


class Web:
    """uvicorn as `make run` starts it, in a process that can be killed."""

    def __init__(self, port: int) -> None:
        self.port = port
        names = ("storage", "disk_reserve_bytes", *gateway.HURRIED)
        recordings = {name: settings.RECORDINGS[name] for name in names}
        program = [sys.executable, "-m", "uvicorn", "sai.asgi:application", "--lifespan", "off"]
        self.process = subprocess.Popen(
            [*program, "--port", str(port), "--log-level", "error"],
            cwd=ROOT,
            env={
                **environment(FAULTS_RECORDINGS=json.dumps(recordings)),
                "DJANGO_SETTINGS_MODULE": "recognition.tests.gateway_settings",
                "SAI_DATABASE_POOL": "4",
                "PYTHONWARNINGS": "ignore",
            },
        )

    def answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Stubborn(threading.Thread):
    """An engine that comes back to whichever server answers, says what it holds, and goes on."""

    def __init__(self, name: str, token: str, ports: list[int]) -> None:
        super().__init__(name=name)
        self.token, self.ports = token, ports
        self.stopped = threading.Event()
        self.held: dict[str, dict[str, Any]] = {}
        self.finished: dict[str, dict[str, Any]] = {}

    def run(self) -> None:
        while not self.stopped.is_set():
            with suppress(*AWAY):
                self._stay(random.choice(self.ports))
            time.sleep(0.1)

    def _stay(self, port: int) -> None:
        known = [*self.held.values(), *self.finished.values()]
        held = [{name: one[name] for name in ("request_id", "attempt")} for one in known]
        engine = gateway.Engine(port, self.token, self.name).greet(slots=2, holding=held)
        for offer in self.finished.values():
            engine.answer(offer, "done", result=phrases(offer, "once"))
        while not self.stopped.is_set():
            with suppress(TimeoutError):
                self._obey(engine, engine.hear(0.15))
            for offer in list(self.held.values()):
                self._work(engine, offer)
        engine.close()

    def _work(self, engine: gateway.Engine, offer: dict[str, Any]) -> None:
        offer["percent"] = offer.get("percent", 0) + 25
        if offer["percent"] < 100:
            engine.answer(offer, "progress", percent=offer["percent"], stage="")
            return
        self.held.pop(offer["request_id"])
        self.finished[offer["request_id"]] = offer
        engine.answer(offer, "done", result=phrases(offer, "once"))

    def _obey(self, engine: gateway.Engine, message: dict[str, Any]) -> None:
        if message["type"] == "offer":
            engine.answer(message, "accept")
            self.held[message["request_id"]] = message
        elif message["type"] in ("cancel", "accepted", "refused"):
            for known in (self.held, self.finished):
                if known.get(message["request_id"], {}).get("attempt") == message["attempt"]:
                    known.pop(message["request_id"])


@pytest.fixture
def webs(exchange: Path, transactional_db: None) -> Iterator[Callable[[], Web]]:
    made: list[Web] = []

    def start() -> Web:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        made.append(Web(port))
        return made[-1]

    yield start
    for web in made:
        web.kill()


def test_engines_go_on_whichever_web_process_is_killed(
    webs: Callable[[], Web], tmp_path: Path
) -> None:
    first, second, third = webs(), webs(), webs()
    for web in (first, second, third):
        until(web.answers, 60)
    made = recording(tmp_path, tracks=24, params={"engine": "remote"})
    token = gateway.engine_token()
    ports = [first.port, second.port]
    engines = [Stubborn(name, token, ports) for name in ("one", "two")]
    for engine in engines:
        engine.start()
    left = StepRun.objects.filter(step__endswith="Transcribe").exclude(status="done")
    try:
        for victim, done in ((first, 6), (second, 14)):
            until(lambda done=done: left.count() <= 24 - done, 60)
            ports.append(third.port)
            victim.kill()
        end = time.monotonic() + 60
        while left.exists() and time.monotonic() < end:
            tasks.tidy()
            time.sleep(0.3)
    finally:
        for engine in engines:
            engine.stopped.set()
        for engine in engines:
            engine.join(10)
    assert finish_locally(made).status == "done"
    nobody_is_stuck()
    fields = ("id", "status", "attempt", "lost", "failures")
    check_history(list(StepRun.objects.values(*fields)))
    assert EngineRequest.objects.filter(outcome="done").count() == 24
    texts = [words.segments[0]["text"] for words in TrackWords.objects.all()]
    assert texts == ["once"] * 24
    connection.close()
