"""The small preloaded process: forks one confined child per file (12 ms instead of 74).

Started by `server` as `python -I`, holds PyAV and no secret, has one thread. Over its control
socket come requests with descriptors: [answers, input, outputs...]. The child sends progress and
its verdict into `answers`; this process adds the exit status and closes. It kills a child whose
asker has gone, and leaves when the control socket closes.
"""

import errno
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
from typing import Any

import av

from engines.media import decoding, sandbox

MOST_BYTES, MOST_FDS = 4096, 12


def serve(control: socket.socket) -> None:
    sandbox.enter_nowhere()
    Zygote(control).run()


class Zygote:
    """One loop over the control socket, the askers and the ends of the children."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._answers: dict[int, socket.socket] = {}
        self._wake, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._take)
        self._selector.register(self._wake, selectors.EVENT_READ, self._reap)
        self._alive = True

    def run(self) -> None:
        self._control.send(b"ready")
        while self._alive:
            for key, _ in self._selector.select():
                if callable(key.data):
                    key.data()
                else:
                    self._abandon(key.data)
        for pid in self._answers:
            os.kill(pid, signal.SIGKILL)

    def _take(self) -> None:
        try:
            message, fds, _, _ = socket.recv_fds(self._control, MOST_BYTES, MOST_FDS)
        except ConnectionError:
            message, fds = b"", []
        if not message:
            self._alive = False
            return
        answers = socket.socket(fileno=fds[0])
        pid = os.fork()
        if pid == 0:
            self._become_child()
            _work(json.loads(message), answers, fds[1:])
        for fd in fds[1:]:
            os.close(fd)
        self._answers[pid] = answers
        self._selector.register(answers, selectors.EVENT_READ, pid)

    def _become_child(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for other in (self._control, self._wake, self._woken, *self._answers.values()):
            other.close()

    def _abandon(self, pid: int) -> None:
        """Nobody sends on an answers socket: readable means that the asker closed it."""
        if pid in self._answers:
            self._selector.unregister(self._answers[pid])
            os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        self._wake.recv(4096)
        while self._answers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            answers = self._answers.pop(pid)
            if answers in self._selector.get_map():
                self._selector.unregister(answers)
            _tell(answers, {"exit": os.waitstatus_to_exitcode(status)})
            answers.close()


def _work(request: dict[str, Any], answers: socket.socket, fds: list[int]) -> None:
    """The child's whole life."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        granted = sandbox.confine(request["limits"])
        _tell(answers, {**_verdict(request, answers, fds), "granted": granted})
    finally:
        os._exit(0)


def _verdict(request: dict[str, Any], answers: socket.socket, fds: list[int]) -> dict[str, Any]:
    try:
        os.lseek(fds[0], 0, os.SEEK_SET)
        file, *sinks = (os.fdopen(fd, mode, buffering=1 << 20) for fd, mode in _with_modes(fds))
        if request["task"] == "inspect":
            return {"result": decoding.inspect(file, request)}
        return {"result": decoding.decode(file, sinks, request, lambda s: _tell(answers, {"s": s}))}
    except decoding.Refused as refused:
        return {"refused": refused.code, "details": refused.details}
    except MemoryError:
        return {"refused": "too_much_memory"}
    except OSError as error:
        return _sort(error, request)
    except Exception:  # noqa: BLE001 - whatever a decoder raises, the asker gets a verdict
        return {"refused": "broken"}


def _sort(error: OSError, request: dict[str, Any]) -> dict[str, Any]:
    if error.errno == errno.ENOSPC:
        return {"no_space": True}
    if error.errno == errno.ENOMEM:
        return {"refused": "too_much_memory"}
    if error.errno == errno.EFBIG:
        return {"refused": "too_long", "details": {"limit_s": request["max_duration_s"]}}
    return {"refused": "broken"}


def _with_modes(fds: list[int]) -> list[tuple[int, Any]]:
    return [(fd, "wb" if number else "rb") for number, fd in enumerate(fds)]


def _tell(answers: socket.socket, message: dict[str, Any]) -> None:
    try:
        answers.send(json.dumps(message).encode())
    except OSError:
        return


def preload() -> None:
    """Import all of PyAV: it loads modules late, and a confined child sees no files."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.startswith(("av.__main__", "av.datasets")):
            importlib.import_module(module.name)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    preload()
    av.logging.set_level(av.logging.PANIC)
    serve(socket.socket(fileno=int(sys.argv[1])))
