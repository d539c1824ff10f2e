"""The processes of a demonstration: each with its log, all ended at the end."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from sai.embedded import ports

ROOT = Path(__file__).resolve().parents[2]
OURS = ("SAI_", "DATABASE_URL", "REDIS_URL", "DJANGO_")
"""What of the caller's environment would make it another installation."""


class Failed(Exception):
    """The demonstration can't go on; says why and where to look."""


class Stage:
    """Starts programs in `folder`; what is still running at the end is ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in reversed(self.running.values()):
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()

    def start(self, name: str, *arguments: str, environment: Mapping[str, str]) -> None:
        """`python ARGUMENTS`, its output in `<name>.log`."""
        kept = {key: text for key, text in os.environ.items() if not key.startswith(OURS)}
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**kept, "PYTHONUNBUFFERED": "1", **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def run(self, *arguments: str, environment: Mapping[str, str]) -> bytes:
        """The same to its end: what it printed."""
        kept = {key: text for key, text in os.environ.items() if not key.startswith(OURS)}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**kept, **environment},
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{' '.join(arguments[:2])}: {done.stderr.decode().strip()}")
        return done.stdout

    def wait(self, what: str, condition: Callable[[], Any], *, seconds: float) -> Any:
        """What `condition` gives as soon as it is something."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, process in self.running.items():
                if process.poll() is not None:
                    raise Failed(f"{name} has ended; its last words:\n{self._last_words(name)}")
            with suppress(OSError, ValueError):
                if found := condition():
                    return found
            time.sleep(0.5)
        raise Failed(f"{what} did not happen within {seconds:.0f} s; logs: {self.folder}")

    def _last_words(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]


class Web:
    """A JSON client of one server."""

    def __init__(self, root: str, **headers: str) -> None:
        self.root = root
        self.headers = headers

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """The answer; raises OSError where it is none or a refusal."""
        request = urllib.request.Request(  # noqa: S310  addresses are this program's own
            f"{self.root}{path}",
            method=method,
            data=None if body is None else orjson.dumps(body),
            headers={"Content-Type": "application/json", **self.headers},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            content = answer.read()
        return orjson.loads(content) if content else {}


def free_port() -> int:
    return ports.find()
