"""The asking side of the preloaded process: one per process, started on first use.

Survives a fork of its own process (the child starts its own), the death of the preloaded process
(started again) and the death of a decoding child (the asker gets a retryable error).
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from engines.media import verdicts

_ROOT = str(Path(__file__).resolve().parents[2])
_BOOT = "import sys; sys.path.insert(0, sys.argv[2]); from engines.media.zygote import main; main()"
_START_S = 30.0
_TICK_S = 0.25


class Server:
    """Starts, feeds and restarts the preloaded process. Safe to call from many threads."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Drop what a fork copied: the process belongs to the parent."""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        control: socket.socket | None = getattr(self, "_control", None)
        if control is not None:
            control.close()
        self._control: socket.socket | None = None

    def stop(self) -> None:
        with self._lock:
            self._stop()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def ask(
        self,
        request: dict[str, Any],
        fds: Sequence[int],
        *,
        wall_s: float,
        on_progress: Callable[[float], None],
        check: Callable[[], None],
    ) -> dict[str, Any]:
        """Have a child do `request`; its verdict with "exit". Closing early kills the child.

        Raises EngineError (retryable) on a lost child, a missed time limit or a process that does
        not start, and whatever `check` raises (asked four times a second).
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                self._send(json.dumps(request).encode(), [theirs.fileno(), *fds])
            return _listen(ours, wall_s, on_progress, check)

    def _send(self, message: bytes, fds: list[int]) -> None:
        with self._lock:
            for attempt in (1, 2):
                control = self._control or self._start()
                try:
                    socket.send_fds(control, [message], fds)
                    return
                except OSError as error:
                    self._stop()
                    if attempt == 2:
                        raise verdicts.server_failed() from error

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BOOT, str(theirs.fileno()), _ROOT],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={"LANG": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
            )
        ours.settimeout(_START_S)
        try:
            ready = ours.recv(16)
        except OSError:
            ready = b""
        self._control = ours
        if ready != b"ready":
            self._stop()
            raise verdicts.server_failed()
        ours.settimeout(None)
        return ours

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _listen(
    answers: socket.socket,
    wall_s: float,
    on_progress: Callable[[float], None],
    check: Callable[[], None],
) -> dict[str, Any]:
    verdict: dict[str, Any] = {}
    until = time.monotonic() + wall_s
    answers.settimeout(_TICK_S)
    while True:
        check()
        if time.monotonic() > until:
            raise verdicts.too_slow(wall_s)
        try:
            message = answers.recv(4096)
        except TimeoutError:
            continue
        except ConnectionError:
            message = b""
        if not message:
            raise verdicts.child_lost()
        news = json.loads(message)
        if "s" in news:
            on_progress(news["s"])
            continue
        verdict.update(news)
        if "exit" in news:
            return verdict


server = Server()
os.register_at_fork(after_in_child=server.forget)
atexit.register(server.stop)
