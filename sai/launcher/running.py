"""One supervised child: started, read, brought back when it dies, stopped with all it started."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from sai.embedded.child import before_exec
from sai.launcher.children import Child
from sai.launcher.journal import Journal
from sai.launcher.output import Output

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
# After this long alive a child counts as healthy, and its next death as the first one.
HEALTHY_SECONDS = 60.0
LONGEST_LINE = 65_536


class Running:
    """A child and its present process. Its group is its own, so that all of it can be killed."""

    def __init__(self, child: Child, environment: dict[str, str], folder: Path) -> None:
        self.child = child
        self.due: float | None = None
        """When to start it again, on the monotonic clock; None while it runs or is done."""
        self.journal: Journal | None = None
        """Where its lines are kept. Setup has none: it prints the first password."""
        self._environment = {**environment, **child.environment, "PYTHONUNBUFFERED": "1"}
        self._folder = folder
        self._delay = FIRST_DELAY
        self._since = 0.0
        self._unfinished = b""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> int:
        """Start it; the descriptor its output comes from. OSError if there is no such program."""
        self.due = None
        self._since = time.monotonic()
        self.process = subprocess.Popen(
            self.child.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            cwd=self._folder,
            start_new_session=True,
            # Work is safe against kill -9, and without us it has neither database nor broker.
            preexec_fn=before_exec(signal.SIGKILL, nice=self.child.nice),
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        return self.process.stdout.fileno()

    def read(self, output: Output) -> bool:
        """Print the lines that are there; False at the end of the stream."""
        assert self.process is not None
        assert self.process.stdout is not None
        try:
            piece = os.read(self.process.stdout.fileno(), LONGEST_LINE)
        except BlockingIOError:
            return True
        *lines, self._unfinished = (self._unfinished + piece).split(b"\n")
        if self._unfinished and (not piece or len(self._unfinished) > LONGEST_LINE):
            lines.append(self._unfinished)
            self._unfinished = b""
        for line in lines:
            output.child(self.child.name, line)
            if self.journal:
                self.journal.write(line)
        return bool(piece)

    def plan_return(self) -> float:
        """After a death: when it comes back. Seconds from now, growing with every early death."""
        if time.monotonic() - self._since > HEALTHY_SECONDS:
            self._delay = FIRST_DELAY
        delay, self._delay = self._delay, min(self._delay * 2, LONGEST_DELAY)
        self.due = time.monotonic() + delay
        return delay

    def ask_to_stop(self) -> None:
        """Only the head of the group: it knows how to tell its own children."""
        self.due = None
        if self.alive:
            assert self.process is not None
            self.process.terminate()

    def kill(self) -> None:
        """The whole group; it may have outlived its head."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
