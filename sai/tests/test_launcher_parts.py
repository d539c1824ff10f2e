"""Parts of the launcher by themselves: settings, run file, output, kept logs, the family."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sai.embedded import ports
from sai.env import Env
from sai.launcher import runfile
from sai.launcher.children import family
from sai.launcher.journal import Journal
from sai.launcher.output import Output

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60


def test_kept_lines_are_rotated_and_bounded(tmp_path):
    journal = Journal(tmp_path / "web.log", limit=100, kept=2)
    for number in range(40):
        journal.write(f'{{"number": {number}}}'.encode())
    journal.close()
    again = Journal(tmp_path / "web.log", limit=100, kept=2)
    again.write(b"later")
    again.close()
    files = [tmp_path / name for name in ("web.log.2", "web.log.1", "web.log")]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert all(file.stat().st_size <= 100 for file in files)
    lines = "".join(file.read_text() for file in files).splitlines()
    assert lines[-2:] == ['{"number": 39}', "later"]
    assert [json.loads(line)["number"] for line in lines[:-1]] == list(range(41 - len(lines), 40))


@pytest.mark.parametrize(
    ("name", "value"),
    [("SAI_PORT", "http"), ("SAI_LEASE_SECONDS", "-1"), ("DATABASE_URL", "x://y")],
)
def test_a_wrong_setting_is_one_line_with_its_name(tmp_path, name, value):
    environment = {**os.environ, "SAI_VAR": str(tmp_path / "var"), "SAI_PORT": str(ports.find())}
    done = subprocess.run(
        [sys.executable, "-m", "sai.launcher"],
        env={**environment, name: value},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"sai: {name}: ")
    assert done.stderr.count("\n") == 1
    assert value not in done.stderr.replace(name, "")


def test_a_reused_pid_is_not_taken_for_the_launcher(tmp_path):
    run = runfile.write(tmp_path, database_url="d", redis_url="r", url="u")
    assert runfile.read(tmp_path) == run
    text = (tmp_path / "run.json").read_text()
    (tmp_path / "run.json").write_text(text.replace(f"{run.started}", f"{run.started - 1}"))
    assert runfile.read(tmp_path) is None


def test_a_reader_who_does_not_read_holds_nobody_up():
    inlet, outlet = os.pipe()
    output = Output(["web"], outlet)
    began = time.monotonic()
    for _ in range(5000):
        output.child("web", b"y" * 1000)
    assert time.monotonic() - began < 5
    os.close(inlet)
    output.flush()
    assert not output.is_behind
    os.close(outlet)


def test_an_empty_line_of_the_example_is_the_default(monkeypatch):
    """A copied .env.example must not make the working folder an inbox."""
    monkeypatch.setenv("SAI_INBOX", "")
    assert Env().inbox is None
    assert "inbox" not in [child.name for child in family(Env()).processes]


def test_the_family_serves_every_queue(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")
    found = family(Env(SAI_INBOX="/in"))
    queues = {
        queue
        for child in found.processes
        if "-Q" in child.command
        for queue in child.command[child.command.index("-Q") + 1].split(",")
    }
    assert queues == {"download", "cpu", "gpu", "llm"}
    assert all(child.environment["OMP_NUM_THREADS"] for child in found.processes)


@pytest.mark.parametrize(
    ("https", "flag"), [(False, "--no-proxy-headers"), (True, "--proxy-headers")]
)
def test_only_behind_a_proxy_is_anybody_believed_about_his_address(https: bool, flag: str) -> None:
    web = family(Env(https=https)).processes[0]
    assert flag in web.command
