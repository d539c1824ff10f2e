"""The product's own processes over the test's database, each to be killed and started again."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from sai.embedded import child
from tests.faults.workers import ROOT, environment


class Member:
    """One process with all its children; a killed one is started again with the same words."""

    def __init__(self, name: str, folder: Path, *arguments: str, **more: str) -> None:
        self.name, self.folder, self.arguments, self.more = name, folder, arguments, more
        self.start()

    def start(self) -> None:
        own = {**environment(), "DJANGO_SETTINGS_MODULE": "sai.settings", **self.more}
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.arguments],
                env=own,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=child.before_exec(signal.SIGKILL),
            )

    @property
    def lives(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """kill -9 of everything it is."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def celery(name: str, folder: Path, *, queues: str, **more: str) -> Member:
    words = ["-m", "celery", "--quiet", "-A", "sai", "worker", "-Q", queues, "-c", "1"]
    words += ["-n", f"{name}-{os.getpid()}@%h", "--loglevel", "WARNING"]
    words += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return Member(name, folder, *words, **more)


def web(name: str, folder: Path, *, port: int, **more: str) -> Member:
    words = ["-m", "uvicorn", "sai.asgi:application", "--port", str(port), "--log-level", "warning"]
    return Member(name, folder, *words, "--lifespan", "off", **more)


def ask(method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
    """JSON from a server; raises OSError for no answer or a refusal."""
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else orjson.dumps(body),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        content = answer.read()
    return orjson.loads(content) if content else None


def answers(url: str, *, seconds: float = 60, headers: Mapping[str, str] | None = None) -> Any:
    """Waits until somebody answers there."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask("GET", url, headers=headers)
        except (urllib.error.URLError, OSError, ValueError):
            assert time.monotonic() < end, f"nobody answers at {url}"
            time.sleep(0.1)
