"""A slot: one worker child, started when it is needed, replaced when it is lost.

The child may crash, be killed or hang; the program only ever sees an outcome.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from engines.agent import failures
from engines.agent.settings import Settings, WrongSettings
from engines.errors import EngineError

log = structlog.get_logger(__name__)

_ROOT = str(Path(__file__).resolve().parents[2])
_START_S = 120.0
_CANCEL_S = 2.0
_GONE_S = 5.0
_LINE_BYTES = 1 << 30
Outcome = Mapping[str, Any]
"""`{"done": result or None}` or `{"failed": {"code", "message", "retryable"}, "trouble"?}`."""


class WorkerDoesNotStart(WrongSettings):
    """It ended, or said nothing, before it introduced itself."""


class Slot:
    """Does one order at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._child: asyncio.subprocess.Process | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._running = self._unwanted = False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    async def introduce(self) -> dict[str, Any]:
        """Start the child; what it says it can do. Raises WrongSettings when it can't work."""
        said = await self._start()
        if "wrong" in said:
            raise WrongSettings(
                f"{said['wrong']['message']} {said['wrong']['next_action']}".strip()
            )
        return said["ready"]

    async def run(
        self,
        order: Mapping[str, Any],
        *,
        scratch: Path,
        on_progress: Callable[[float, str], None],
    ) -> Outcome:
        """Always an outcome: a lost or hung child is a retryable failure."""
        self._running, self._unwanted = True, False
        try:
            if not self._child or self._child.returncode is not None:
                await self.introduce()
            if self._unwanted:
                return _failed(failures.cancelled())
            self._tell({"order": dict(order), "scratch": str(scratch)})
            while True:
                news = await self._listen(self._settings.stall_s)
                if "done" in news or "failed" in news:
                    self._complain(news)
                    return news
                on_progress(news["percent"], news["stage"])
        except TimeoutError:
            log.error("worker stalled", pid=self.pid)
            outcome = _failed(failures.worker_stalled())
        except (EOFError, OSError, ValueError, WrongSettings):
            log.error("worker lost", pid=self.pid)
            outcome = _failed(failures.worker_lost())
        finally:
            self._running = False
            if self._stopping:
                self._stopping.cancel()
                self._stopping = None
        await self.close()
        return outcome

    def _complain(self, news: Mapping[str, Any]) -> None:
        """The child has no log of its own."""
        if "trouble" in news:
            log.error("work failed unexpectedly", **news["trouble"])

    def cancel(self) -> None:
        """Ask the child to stop, which keeps its engine warm; kill it when it does not hear."""
        self._unwanted = True
        if self._child and self._running and not self._stopping:
            with contextlib.suppress(OSError):
                self._tell({"cancel": True})
            self._stopping = asyncio.create_task(self._kill_later())

    async def close(self) -> None:
        """End the child and whatever it started."""
        child, self._child = self._child, None
        if child:
            _kill(child)
            with contextlib.suppress(TimeoutError):  # it hangs in the system itself: leave it
                await asyncio.wait_for(child.wait(), _GONE_S)

    async def _kill_later(self) -> None:
        await asyncio.sleep(_CANCEL_S)
        if self._child:
            log.warning("worker did not stop and is killed", pid=self.pid)
            _kill(self._child)

    async def _start(self) -> Mapping[str, Any]:
        await self.close()
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "engines.agent.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_ROOT,
            env=dict(os.environ),
            start_new_session=True,
            limit=_LINE_BYTES,
        )
        self._tell({"work": self._settings.work.as_json()})
        try:
            return await self._listen(_START_S)
        except (TimeoutError, EOFError) as error:
            await self.close()
            raise WorkerDoesNotStart("The worker does not start; see the log.") from error

    def _tell(self, message: Mapping[str, Any]) -> None:
        assert self._child
        assert self._child.stdin
        self._child.stdin.write(json.dumps(message).encode() + b"\n")

    async def _listen(self, limit_s: float) -> Mapping[str, Any]:
        """The child's next message. Raises EOFError when it is gone, TimeoutError when silent."""
        assert self._child
        assert self._child.stdout
        async with asyncio.timeout(limit_s):
            line = await self._child.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return json.loads(line)


def _kill(child: asyncio.subprocess.Process) -> None:
    """The whole group: it leads one of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _failed(error: EngineError) -> Outcome:
    return {"failed": failures.told(error)}
