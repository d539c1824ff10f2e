"""The loop that holds the family together: one thread, one selector, idle while nothing happens."""

import contextlib
import http.client
import os
import selectors
import signal
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sai.embedded import EmbeddedError, Servers
from sai.embedded.postgres import Postgres
from sai.embedded.redis import Redis
from sai.launcher.children import Child
from sai.launcher.journal import Journal
from sai.launcher.output import Output
from sai.launcher.running import Running

GRACE_SECONDS = 6.0
LOOK_SECONDS = 0.2


class Supervisor:
    """Starts children and brings them back. As a context manager it listens to signals."""

    def __init__(self, folder: Path, output: Output, logs: Path) -> None:
        """Children run in `folder`; those that stay keep what they say under `logs` too."""
        self.environment = dict(os.environ)
        """What every child gets."""
        self._folder = folder
        self._output = output
        self._logs = logs
        self._selector = selectors.DefaultSelector()
        self._running: list[Running] = []
        self._servers: Servers | None = None
        self._server_due = 0.0
        self._signals = 0
        self.asked_by = "a refusal"
        """Why it stops: the last signal's name."""

    @property
    def stopping(self) -> bool:
        """True once somebody asked us to stop."""
        return self._signals > 0

    def __enter__(self) -> Self:
        self._inbox, outbox = socket.socketpair()
        self._inbox.setblocking(False)
        outbox.setblocking(False)
        self._outbox = outbox
        signal.set_wakeup_fd(outbox.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._count)
        # Under nohup the signal is ignored already, and stays so.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._count)
        self._selector.register(self._inbox, selectors.EVENT_READ)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(-1)

    def watch(self, servers: Servers) -> None:
        """Bring these back too when they die."""
        self._servers = servers

    def start(self, child: Child) -> None:
        """Start a child that is to run until the end."""
        running = Running(child, self.environment, self._folder)
        running.journal = Journal(self._logs / f"{child.name}.log")
        self._running.append(running)
        self._launch(running)

    def run(self, child: Child) -> int | None:
        """Run a child to its end, the others going on; its status, None if we are to stop."""
        if self.stopping:
            return None
        running = Running(child, self.environment, self._folder)
        self._launch(running)
        while running.alive and not self.stopping:
            self._turn(LOOK_SECONDS)
        if running.alive:
            running.kill()
        self._drain(running)
        if self.stopping:
            return None
        return running.process.returncode if running.process else 127

    def wait_ready(self, url: str, patience: float) -> bool:
        """Wait for an HTTP answer; False if we are to stop or `patience` seconds have passed."""
        deadline = time.monotonic() + patience
        while not self.stopping and time.monotonic() < deadline:
            if _answers(url):
                return True
            self._turn(LOOK_SECONDS)
        return False

    def loop(self) -> None:
        """Until somebody asks us to stop."""
        while not self.stopping:
            self._turn(None)

    def _turn(self, longest: float | None) -> None:
        """Wait for something to happen, at most `longest` seconds, and do what is due."""
        for key, _ in self._selector.select(self._timeout(longest)):
            if key.fileobj is self._inbox:
                with contextlib.suppress(BlockingIOError):
                    self._inbox.recv(1000)
            else:
                self._read(key.data)
        self._output.flush()
        if self.stopping:
            return
        self._revive_servers()
        for running in self._running:
            self._revive(running)

    def _timeout(self, longest: float | None) -> float | None:
        due = [running.due for running in self._running if running.due is not None]
        if self._server_due:
            due.append(self._server_due)
        times = [max(0.0, moment - time.monotonic()) for moment in due]
        if self._output.is_behind:
            times.append(LOOK_SECONDS)
        if longest is not None:
            times.append(longest)
        return min(times, default=None)

    def _launch(self, running: Running) -> None:
        try:
            descriptor = running.start()
        except OSError as error:
            self._output.say(f"sai: {running.child.name} cannot be started ({error.strerror})")
            return
        self._selector.register(descriptor, selectors.EVENT_READ, running)

    def _read(self, running: Running) -> None:
        assert running.process is not None
        assert running.process.stdout is not None
        if not running.read(self._output):
            self._selector.unregister(running.process.stdout.fileno())
            running.process.stdout.close()

    def _drain(self, running: Running) -> None:
        """What a child said last, also when something it started still holds its pipe."""
        pipe = running.process.stdout if running.process else None
        while pipe is not None and not pipe.closed:
            ready = [key for key, _ in self._selector.select(0) if key.data is running]
            if not ready:
                self._selector.unregister(pipe.fileno())
                pipe.close()
                return
            self._read(running)

    def _revive(self, running: Running) -> None:
        if running.alive:
            return
        if running.due is None:
            status = running.process.returncode if running.process else 127
            running.kill()
            self._drain(running)
            delay = running.plan_return()
            self._output.say(
                f"sai: {running.child.name} ended with status {status}, back in {delay:g} s"
            )
        elif running.due <= time.monotonic():
            self._launch(running)

    def _revive_servers(self) -> None:
        if self._servers is None or self._server_due > time.monotonic():
            return
        self._server_due = 0.0
        for server in (self._servers.postgres, self._servers.redis):
            if server is not None and not server.running:
                self._revive_server(server)

    def _revive_server(self, server: Postgres | Redis) -> None:
        self._output.say(f"sai: {type(server).__name__} has ended, starting it again")
        try:
            server.start()
        except EmbeddedError as error:
            self._output.say(f"sai: {error}")
            self._server_due = time.monotonic() + 5

    def stop(self) -> None:
        """SIGTERM to all, then kill -9 after the grace or at a second signal."""
        self._signals = max(self._signals, 1)
        for running in self._running:
            running.ask_to_stop()
        deadline = time.monotonic() + GRACE_SECONDS
        while any(running.alive for running in self._running):
            if time.monotonic() > deadline or self._signals > 1:
                break
            self._turn(LOOK_SECONDS)
        for running in self._running:
            running.kill()
            self._drain(running)

    def _count(self, number: int, _: object) -> None:
        self._signals += 1
        self.asked_by = signal.Signals(number).name


def _answers(url: str) -> bool:
    """True if something speaks HTTP there and does not complain about itself."""
    parts = urlsplit(url)
    link = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        link.request("GET", parts.path or "/")
        return link.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()
