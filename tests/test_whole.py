"""The whole thing as a newcomer starts it: one command, the sample, kill -9 of everything, the end.

Real servers, real workers, real sound; nothing stands in for anything.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sai.embedded import ports, processes
from sai.launcher import leftovers

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "a-password-for-the-test"
PATIENCE = 150.0


class Installation:
    """`python -m sai.launcher` on a data directory of its own."""

    def __init__(self, var: Path) -> None:
        self.var, self.port = var, ports.find()
        self.process: subprocess.Popen | None = None
        self.token = ""

    def start(self) -> None:
        ours = {"DATABASE_URL", "REDIS_URL"}
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ours and not name.startswith(("SAI_", "PYTEST_", "DJANGO_"))
        }
        environment |= {
            "SAI_VAR": str(self.var),
            "SAI_PORT": str(self.port),
            "SAI_ADMIN_PASSWORD": PASSWORD,
        }
        with (self.var.parent / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sai.launcher"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def said(self) -> str:
        return (self.var.parent / "log").read_text(errors="replace")

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=json.dumps(body).encode() if body else None,
            headers={"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {self.token}"} if self.token else {}),
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def sign_in(self) -> None:
        body = {"username": "admin", "password": PASSWORD}
        self.token = self.ask("/api/v1/auth/login/", body)["access"]

    def sample(self) -> dict[str, Any] | None:
        found = self.ask("/api/v1/recordings/")["results"]
        return found[0] if found else None

    def family(self) -> set[int]:
        return set(processes.marked(f"{leftovers.VARIABLE}={self.var}"))

    def kill_everything(self) -> None:
        assert self.process
        for pid in [self.process.pid, *self.family(), *self.servers()]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()

    def servers(self) -> set[int]:
        return {
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit()
            and str(self.var) in " ".join(processes.command_line(int(entry.name)))
        }


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "var")
    made.var.mkdir(mode=0o700)
    yield made
    if made.process and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    leftovers.kill(made.var)


def until(installation: Installation, look: Callable[[], object]) -> object:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        assert installation.process
        assert installation.process.poll() is None, installation.said()
        time.sleep(0.3)
    raise AssertionError(f"waited in vain\n{installation.said()[-3000:]}")


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("whole")
def test_one_command_the_sample_and_a_kill_in_the_middle(installation: Installation) -> None:
    installation.start()
    until(installation, lambda: "SAI is ready" in installation.said())
    installation.sign_in()
    until(installation, lambda: (installation.sample() or {}).get("progress", 0) > 5)
    installation.kill_everything()

    installation.start()
    until(installation, lambda: installation.said().count("SAI is ready") == 2)
    until(installation, lambda: (installation.sample() or {}).get("status") == "done")
    sample = installation.sample()
    assert sample
    assert [track["name"] for track in sample["tracks"]] == ["Alice", "Boris", "Clara"]
    transcript = installation.ask(f"/api/v1/recordings/{sample['id']}/transcript/")
    assert transcript["version"] == 1
    assert 20 <= len(transcript["phrases"]) <= 30
    assert {line["speaker"] for line in transcript["phrases"]} == {"Alice", "Boris", "Clara"}
    (summary,) = installation.ask(f"/api/v1/recordings/{sample['id']}/summaries/")["results"]
    assert summary["status"] == "ready"
    assert summary["items"]
    assert all(item["verified"] for item in summary["items"])
    assert installation.said().count("First administrator") == 1
    assert PASSWORD not in installation.said()

    began = time.monotonic()
    assert installation.process
    installation.process.send_signal(signal.SIGTERM)
    installation.process.wait(30)
    assert time.monotonic() - began < 12
    assert installation.family() == installation.servers() == set()
