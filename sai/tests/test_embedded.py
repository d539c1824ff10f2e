"""The embedded servers as real processes: what they refuse, survive and leave behind."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sai import embedded
from sai.embedded import EmbeddedError, Servers, child, processes
from sai.embedded import postgres as postgres_module

SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(3600)"]


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded") / "var"


@pytest.fixture(scope="module")
def own(var: Path) -> Iterator[Servers]:
    """Servers for this module: making the data directory is the slow part."""
    started = embedded.start(var, durable=False)
    yield started
    started.stop()


def answer(servers: Servers, statement: str) -> object:
    with psycopg.connect(servers.database_url, connect_timeout=3) as link:
        return link.execute(statement).fetchone()[0]


def test_text_is_right_under_every_locale_of_the_caller(own):
    assert answer(own, "SELECT lower('ПРИВЕТ')") == "привет"
    assert answer(own, "SELECT to_tsvector('russian', 'Ёлка')") == "'елк':1"
    assert answer(own, "SHOW synchronous_commit") == "on"
    assert answer(own, "SHOW max_connections") == "200"


def test_strangers_and_wrong_passwords_are_refused(own, var):
    wrong = own.database_url.replace("sai:", "sai:x", 1)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    without = redis.Redis(port=own.redis.port, retry=Retry(NoBackoff(), 0))
    with pytest.raises(redis.AuthenticationError):
        without.ping()
    for kept in (var / "postgres/password", var / "postgres/data"):
        assert stat.S_IMODE(kept.stat().st_mode) & 0o077 == 0
    seen = "".join(path.read_text() for path in (var / "logs").iterdir())
    password = (var / "postgres/password").read_text()
    assert password not in seen
    assert not any(password in word for word in processes.command_line(own.postgres.pid))
    assert processes.command_line(own.redis.pid)[0]
    assert own.redis._password not in " ".join(processes.command_line(own.redis.pid))


def test_only_loopback_listens(own):
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.connect(("192.0.2.1", 9)) if _has_route() else probe.connect(("127.0.0.1", 9))
    mine = probe.getsockname()[0]
    if mine.startswith("127."):
        pytest.skip("this machine has no other address")
    for port in (own.postgres.port, own.redis.port):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((mine, port), timeout=2)


def _has_route() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        return probe.connect_ex(("192.0.2.1", 9)) == 0


def test_rows_do_not_reach_the_log(own, var):
    with psycopg.connect(own.database_url) as link:
        link.execute("CREATE TABLE person (name text, born date NOT NULL)")
        with pytest.raises(psycopg.errors.NotNullViolation):
            link.execute("INSERT INTO person VALUES ('Anna Secret', NULL)")
    log = (var / "logs/postgres.log").read_text()
    assert "not-null constraint" in log
    assert "Anna Secret" not in log


def test_committed_rows_survive_kill_and_the_address_stays(own):
    with psycopg.connect(own.database_url, autocommit=True) as link:
        link.execute("CREATE TABLE kept AS SELECT 7 AS number")
        address = own.database_url
        own.postgres.restart(violently=True)
    assert own.database_url == address
    assert answer(own, "SELECT number FROM kept") == 7
    own.redis.kill()
    own.redis.start()
    assert redis.from_url(own.redis_url).ping()
    assert redis.from_url(own.redis_url).config_get("maxmemory-policy") == {
        "maxmemory-policy": "noeviction"
    }


def test_a_frozen_redis_is_stopped_all_the_same(own):
    own.redis.freeze()
    with pytest.raises(redis.TimeoutError):
        redis.from_url(own.redis_url, socket_timeout=0.2).ping()
    began = time.monotonic()
    own.redis.stop()
    assert time.monotonic() - began < 2
    own.redis.start()
    assert redis.from_url(own.redis_url).ping()


@pytest.mark.parametrize("kind", ["stranger", "zombie", "nonsense"])
def test_a_stale_pid_file_hinders_nobody_and_harms_nobody(own, var, kind):
    """PostgreSQL alone would refuse for ever: the number in its file belongs to somebody alive."""
    pidfile = var / "postgres/data/postmaster.pid"
    text = pidfile.read_text()
    own.postgres.stop()
    stranger = subprocess.Popen(SLEEPER if kind == "stranger" else ["true"])
    try:
        if kind != "stranger":
            while processes.started(stranger.pid) is not None:
                time.sleep(0.01)
        number = "garbage" if kind == "nonsense" else str(stranger.pid)
        pidfile.write_text(text.replace(text.split()[0], number, 1))
        own.postgres.start()
        assert answer(own, "SELECT 1") == 1
        if kind == "stranger":
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_orphans_are_ended_before_a_new_start(own, var):
    """As after a launcher that died in a way in which the kernel could not tell its children."""
    old_postgres, old_redis = own.postgres, own.redis
    successor = embedded.start(var, durable=False)
    try:
        assert not old_postgres.running
        assert not old_redis.running
        assert answer(successor, "SELECT 1") == 1
    finally:
        successor.stop()
        old_redis.start()
        old_postgres.start()


def test_servers_die_with_their_starter(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from sai import embedded\n"
        f"servers = embedded.start(Path({str(tmp_path)!r}), durable=False)\n"
        "print(servers.postgres.pid, servers.redis.pid, flush=True); time.sleep(3600)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pids = [int(word) for word in starter.stdout.readline().split()]
    since = [processes.started(pid) for pid in pids]
    assert len(pids) == 2
    assert None not in since
    starter.kill()
    starter.wait()
    assert all(processes.wait_gone(pid, at, 5) for pid, at in zip(pids, since, strict=True))


def test_an_interrupted_first_start_is_simply_repeated(tmp_path):
    half = tmp_path / "postgres/data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = embedded.Postgres(tmp_path / "postgres", tmp_path / "log", durable=False)
    try:
        server.start()
        assert server.running
        assert not half.exists()
    finally:
        server.stop()


def test_data_of_another_version_is_left_alone(tmp_path):
    data = tmp_path / "postgres/data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")
    server = embedded.Postgres(tmp_path / "postgres", tmp_path / "log")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 14 .* set DATABASE_URL"):
        server.start()
    assert not server.running
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_without_wheels_the_variable_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres_module, "WHEEL", "no_such_wheel")
    with pytest.raises(EmbeddedError, match="set DATABASE_URL"):
        embedded.Postgres(tmp_path, tmp_path / "log")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_root_without_user_namespaces_falls_back_to_nobody(tmp_path, monkeypatch):
    """As in a container without CAP_SYS_ADMIN; and back again when namespaces are there."""
    open_folder = Path(f"/tmp/sai-test-{os.getpid()}-nobody")
    monkeypatch.setattr(postgres_module.child, "choose_identity", lambda: child.Identity.NOBODY)
    if not child.nobody_can_use(Path(sys.prefix), postgres_module.binaries() / "postgres"):
        shut = embedded.Postgres(tmp_path / "var/postgres", tmp_path / "log", durable=False)
        with pytest.raises(EmbeddedError, match="set DATABASE_URL"):
            shut.start()
        return
    try:
        server = embedded.Postgres(open_folder / "postgres", open_folder / "log", durable=False)
        server.start()
        assert Path(f"/proc/{server.pid}").stat().st_uid == child.uid_of(child.Identity.NOBODY)
        server.stop()
        monkeypatch.undo()
        server = embedded.Postgres(open_folder / "postgres", open_folder / "log", durable=False)
        server.start()
        server.stop()
    finally:
        subprocess.run(["rm", "-rf", open_folder], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_nobody_in_a_closed_folder_is_told_what_to_do(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(postgres_module.child, "choose_identity", lambda: child.Identity.NOBODY)
    server = embedded.Postgres(closed / "var/postgres", tmp_path / "log", durable=False)
    with pytest.raises(EmbeddedError, match=r"nobody cannot reach .* set DATABASE_URL"):
        server.start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not (closed / "var/postgres/data").exists()


def test_a_process_number_alone_proves_nothing():
    mine = processes.started(os.getpid())
    assert processes.is_running(os.getpid(), mine)
    assert not processes.is_running(os.getpid(), mine - 1)
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert processes.started(gone.pid) is None
    deaf = subprocess.Popen(
        [sys.executable, "-S", "-c", "import signal, time\n"
         "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint(flush=True)\ntime.sleep(3600)"],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    deaf.stdout.readline()
    since = processes.started(deaf.pid)
    processes.end(deaf.pid, since - 1, signal.SIGTERM, seconds=0.2)
    assert deaf.poll() is None
    processes.end(deaf.pid, since, signal.SIGTERM, seconds=0.2)
    assert deaf.wait(1) == -signal.SIGKILL
