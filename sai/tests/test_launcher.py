"""The launcher as a real process with stand-in children: starts, ends and accidents."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from sai.embedded import ports, processes
from sai.launcher import leftovers, runfile
from sai.launcher.supervisor import GRACE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
# What is promised for the end; everything else may take long on a busy machine.
STOP_SECONDS = 10
PATIENCE = 60
QUIET = "import time; time.sleep(3600)"
DEAF = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(3600)"])
print("deaf", flush=True)
time.sleep(3600)
"""
MORTAL = "import os; print('I am', os.getpid()); raise SystemExit(3)"
CHATTY = """
import time
print("x" * 3_000_000)
print("end of it", flush=True)
time.sleep(3600)
"""


def wait_for(find: Callable[[], object], seconds: float = PATIENCE) -> object:
    """What `find` gives as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


class Launcher:
    """A launcher under test and what it says; `desk` is where the test keeps its own files."""

    def __init__(
        self, desk: Path, var: Path, *, command: list[str] | None = None, **plan: object
    ) -> None:
        self.var = var
        self.port = plan.setdefault("port", ports.find())
        plan.setdefault("children", {"worker": QUIET})
        file = desk / f"plan-{self.port}.json"
        file.write_text(json.dumps({"var": str(var), **plan}))
        self._log = desk / f"log-{time.monotonic_ns()}"
        environment = {k: v for k, v in os.environ.items() if not k.endswith("_URL")}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command or [sys.executable, "-m", "sai.tests.stand_in", str(file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=environment,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def until(self, text: str) -> "Launcher":
        def look() -> bool:
            assert text in self.said or self.process.poll() is None, self.said
            return text in self.said

        wait_for(look)
        return self

    def ready(self) -> "Launcher":
        return self.until("SAI is ready")

    def end(self, sign: signal.Signals = signal.SIGTERM) -> float:
        """Seconds it took; nothing may be left."""
        began = time.monotonic()
        self.process.send_signal(sign)
        self.process.wait(PATIENCE)
        return time.monotonic() - began

    def family(self) -> set[int]:
        return set(processes.marked(f"{leftovers.VARIABLE}={self.var}"))

    def servers(self) -> set[int]:
        """PostgreSQL and Redis of this data directory."""
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and str(self.var) in " ".join(
                processes.command_line(int(entry.name))
            ):
                found.add(int(entry.name))
        pidfile = self.var / "redis/pid"
        if pidfile.exists():
            pid, since = map(int, pidfile.read_text().split())
            if processes.is_running(pid, since):
                found.add(pid)
        return found - {self.process.pid}


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "var"
    yield folder
    leftovers.kill(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def launch(var: Path, tmp_path: Path) -> Iterator[Callable[..., Launcher]]:
    launched: list[Launcher] = []

    def start(folder: Path = var, *, own_servers: bool = False, **plan: object) -> Launcher:
        """Servers of its own take longer; where they do not matter those of the tests serve."""
        if not own_servers:
            plan = {"database_url": os.environ["DATABASE_URL"],
                    "redis_url": os.environ["REDIS_URL"], **plan}  # fmt: skip
        launched.append(Launcher(tmp_path, folder, **plan))
        return launched[-1]

    yield start
    for launcher in launched:
        if launcher.process.poll() is None:
            launcher.process.kill()
            launcher.process.wait()


def answers(port: int) -> int:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    link.request("GET", "/healthz")
    return link.getresponse().status


def test_a_first_start_serves_tells_where_and_leaves_nothing(launch, var):
    launcher = launch(own_servers=True).ready().until("sample submitted")
    assert answers(launcher.port) == 200
    assert re.search(r"^setup +\| set up$", launcher.said, re.M)
    run = runfile.read(var)
    assert run is not None
    assert run.pid == launcher.process.pid
    assert (var / "run.json").stat().st_mode & 0o777 == 0o600
    with psycopg.connect(run.database_url) as link:
        assert link.execute("SELECT lower('Ё')").fetchone() == ("ё",)

    assert launcher.family()
    assert launcher.servers()
    assert launcher.end() < STOP_SECONDS
    assert launcher.process.returncode == 0
    assert "sai: stopping, asked by SIGTERM" in launcher.said
    assert not launcher.family()
    assert not launcher.servers()
    assert runfile.read(var) is None

    assert not list((var / "logs").glob("set*")), "the first password is printed, never kept"

    again = launch().ready()
    assert again.end(signal.SIGINT) < STOP_SECONDS
    assert "sample submitted" not in again.said


def test_kill_of_everything_and_a_start_at_once(launch, var):
    first = launch(children={"deaf": DEAF}, own_servers=True).until("| deaf").ready()
    run = runfile.read(var)
    with psycopg.connect(run.database_url, autocommit=True) as link:
        link.execute("CREATE TABLE kept AS SELECT 1 AS one")
    victims = [first.process.pid, *first.family(), *first.servers()]
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    first.process.wait()
    assert runfile.read(var) is None, "a dead launcher's file must not be believed"

    second = launch(port=first.port, own_servers=True).ready()
    with psycopg.connect(runfile.read(var).database_url) as link:
        assert link.execute("SELECT one FROM kept").fetchone() == (1,)
    assert second.end() < STOP_SECONDS


def test_kill_of_the_launcher_alone_leaves_nothing_for_long(launch, var):
    first = launch(children={"deaf": DEAF}, own_servers=True).until("| deaf").ready()
    assert len(first.family()) >= 3
    first.process.kill()
    first.process.wait()
    second = launch(port=first.port, own_servers=True).ready()
    assert answers(second.port) == 200
    before = first.family() | first.servers()
    second.end()
    assert before
    assert not first.family()
    assert not first.servers()


def test_the_next_start_ends_orphans_that_escaped_every_signal(launch, var, tmp_path):
    orphan = subprocess.Popen(
        [sys.executable, "-S", "-c", QUIET],
        env={**os.environ, **leftovers.mark(var)},
        start_new_session=True,
    )
    stranger = subprocess.Popen(
        [sys.executable, "-S", "-c", QUIET],
        env={**os.environ, **leftovers.mark(tmp_path / "variation")},
    )
    try:
        wait_for(lambda: orphan.pid in set(processes.marked(f"{leftovers.VARIABLE}={var}")))
        launch().ready()
        assert orphan.wait(5) == -signal.SIGKILL
        assert stranger.poll() is None
    finally:
        orphan.kill()
        stranger.kill()
        orphan.wait()
        stranger.wait()


def test_a_second_start_is_refused_and_disturbs_nobody(launch, var):
    first = launch().ready()
    wait_for(lambda: (var / "first-start.done").exists())
    alive = first.family()
    second = launch(port=ports.find())
    assert second.process.wait(PATIENCE) == 1
    assert second.said.count("\n") == 1
    assert f"another start already uses {var} (process {first.process.pid})" in second.said
    assert first.family() == alive
    assert answers(first.port) == 200


def test_a_taken_port_is_named_and_nothing_is_started(launch, var):
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        launcher = launch(port=port, own_servers=True)
        assert launcher.process.wait(PATIENCE) == 1
    assert launcher.said.count("\n") == 1
    assert f"port {port} on 127.0.0.1 is taken" in launcher.said
    assert "SAI_PORT" in launcher.said
    assert not (var / "postgres").exists()


def test_an_unwritable_var_is_named(launch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    launcher = launch(tmp_path / "file" / "var")
    assert launcher.process.wait(PATIENCE) == 1
    assert launcher.said.count("\n") == 1
    assert "SAI_VAR" in launcher.said


def test_a_database_that_does_not_answer_is_named(launch):
    port = ports.find()
    launcher = launch(database_url=f"postgresql://u:secret@127.0.0.1:{port}/sai")
    assert launcher.process.wait(PATIENCE) == 1
    assert f"DATABASE_URL: 127.0.0.1:{port} cannot be reached" in launcher.said
    assert "secret" not in launcher.said


def test_a_failing_setup_stops_everything(launch, var):
    launcher = launch(own_servers=True, setup="import sys; print('no way'); sys.exit(4)")
    assert launcher.process.wait(PATIENCE) == 1
    assert "setup  | no way" in launcher.said
    assert "setup failed (status 4)" in launcher.said
    assert not launcher.family()
    assert not launcher.servers()


def test_the_dead_come_back_with_growing_delay(launch, var):
    launcher = launch(children={"mortal": MORTAL}, own_servers=True).until("back in 1 s").ready()
    lives = set(re.findall(r"mortal \| I am (\d+)", launcher.said))
    assert len(lives) >= 2
    assert launcher.said.index("back in 0.5 s") < launcher.said.index("back in 1 s")

    web = next(p for p in launcher.family() if str(launcher.port) in processes.command_line(p))
    os.kill(web, signal.SIGKILL)
    launcher.until("web ended with status -9")

    def serves() -> bool:
        try:
            return answers(launcher.port) == 200
        except OSError:
            return False

    wait_for(serves)
    run = runfile.read(var)
    os.kill(int((var / "postgres/data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    launcher.until("Postgres has ended")

    def connects() -> bool:
        try:
            psycopg.connect(run.database_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    wait_for(connects)
    assert launcher.end() < STOP_SECONDS


def test_the_deaf_are_killed_within_ten_seconds_with_all_they_started(launch, var):
    launcher = launch(children={"deaf": DEAF}).until("| deaf").ready()
    assert launcher.end() < STOP_SECONDS
    assert not launcher.family()
    assert not launcher.servers()

    hasty = launch(children={"deaf": DEAF}).until("| deaf").ready()
    hasty.process.terminate()
    hasty.until("stopping")
    assert hasty.end(signal.SIGINT) < GRACE_SECONDS
    assert not hasty.family()


def test_a_huge_line_stops_nobody(launch):
    launcher = launch(children={"chatty": CHATTY}).until("| end of it").ready()
    assert launcher.said.count("x") >= 3_000_000
    assert (launcher.var / "logs/chatty.log").read_text().splitlines()[-1] == "end of it"


def test_it_lives_with_closed_streams_and_a_hangup_ends_it(launch, var):
    plan = var.parent / "plan.json"
    port = ports.find()
    plan.write_text(json.dumps({"var": str(var), "port": port, "children": {}}))
    shell = f'exec "{sys.executable}" -m sai.tests.stand_in "{plan}" 0<&- 1>&- 2>&-'
    launcher = launch(command=["/bin/sh", "-c", shell])
    wait_for(lambda: runfile.read(var))
    assert launcher.end(signal.SIGHUP) < STOP_SECONDS
    assert not launcher.family()


def test_an_idle_family_costs_no_processor_time(launch):
    launcher = launch().ready()
    wait_for(lambda: (launcher.var / "first-start.done").exists())

    def ticks() -> int:
        stat = Path(f"/proc/{launcher.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(stat[11]) + int(stat[12])

    before = ticks()
    time.sleep(1.5)
    assert ticks() - before <= 1
