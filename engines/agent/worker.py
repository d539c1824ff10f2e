"""The child that does the work: one order at a time, its engine stays warm between them.

In, on stdin, a JSON object per line: first `{"work"}`, then
`{"order", "scratch"}` and `{"cancel": true}`. Out, on what was stdout: `{"ready"}` or `{"wrong"}`
once, then for each order any number of `{"percent", "stage"}` and one of `{"done"}`, `{"failed"}`.
Ends with its stdin.
"""

import ctypes
import importlib
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from engines.agent import failures
from engines.agent.hearing import engine_of
from engines.agent.settings import Work
from engines.errors import EngineError

KINDS = {
    "transcribe": "engines.agent.transcribing.transcribe",
    "summarize": "engines.agent.summarising.summarise",
}
"""The work of each kind of offer; loaded with the first one, so that the program starts fast."""
_SAY_AGAIN_S = 0.5
_PR_SET_PDEATHSIG = 1


class Worker:
    """Reads in a thread of its own, so that a cancel is heard while the engine works."""

    def __init__(self, orders: IO[str], answers: IO[str]) -> None:
        self._orders, self._answers = orders, answers
        self._waiting: queue.Queue[Mapping[str, Any]] = queue.Queue()
        self._cancelled = threading.Event()
        self._said: tuple[float, str] = (-_SAY_AGAIN_S, "")

    def run(self) -> None:
        setup = self._orders.readline()
        if not setup.endswith("\n"):
            return  # the program was killed before it said what to do
        self._work = Work(**json.loads(setup)["work"])
        try:
            self._say({"ready": introduce(self._work)})
        except EngineError as error:
            self._say({"wrong": {"message": error.message, "next_action": error.next_action}})
            return
        threading.Thread(target=self._read, daemon=True).start()
        while True:
            self._take(self._waiting.get())

    def _read(self) -> None:
        for line in self._orders:
            if not line.endswith("\n"):
                break
            message = json.loads(line)
            if "cancel" in message:
                self._cancelled.set()
            else:
                self._cancelled.clear()
                self._waiting.put(message)
        # The program is gone. Nobody wants what is being made.
        os._exit(0)

    def _take(self, message: Mapping[str, Any]) -> None:
        self._said = (-_SAY_AGAIN_S, "")
        try:
            self._say({"done": self._do(message["order"], Path(message["scratch"]))})
        except EngineError as error:
            self._say({"failed": failures.told(error)})
        except Exception as error:  # noqa: BLE001 - the next order shall find a living worker
            self._say({"failed": failures.told(failures.broken()), "trouble": _where(error)})

    def _do(self, order: Mapping[str, Any], scratch: Path) -> dict[str, Any] | None:
        work = _load(KINDS[order["kind"]])
        return work(
            self._work,
            order,
            scratch=scratch,
            report=self._report,
            cancelled=self._cancelled.is_set,
        )

    def _report(self, percent: float, stage: str) -> None:
        """Seldom enough for a pipe; a new stage at once."""
        now = time.monotonic()
        if stage != self._said[1] or now - self._said[0] >= _SAY_AGAIN_S:
            self._said = (now, stage)
            self._say({"percent": round(min(percent, 100.0), 1), "stage": stage})

    def _say(self, message: Mapping[str, Any]) -> None:
        self._answers.write(json.dumps(message) + "\n")
        self._answers.flush()


def introduce(work: Work) -> dict[str, Any]:
    """What this engine can do: `{"capabilities", "languages", "engine"}`. Raises EngineError."""
    capabilities: list[str] = []
    languages: list[str] = []
    if work.engine != "none":
        capabilities.append("transcribe")
        languages = sorted(engine_of(work).capabilities.languages or ())
    if work.llm:
        capabilities.append("summarize")
        _load("engines.agent.summarising.model_of")(work)
    return {"capabilities": capabilities, "languages": languages, "engine": work.engine}


def _load(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _where(error: BaseException) -> dict[str, Any]:
    """Enough to find it; its words may be somebody's phrase."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = {"file": Path(last.filename).name, "line": last.lineno}
    return {"error": type(error).__name__, **place}


def main() -> None:
    """Words of libraries go to stderr. Only the program ends its workers: a signal for a whole
    group (a terminal, systemd) must not take the work away under its hands."""
    if sys.platform == "linux":
        # Also when it hangs and never reads that its stdin has ended.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        Worker(sys.stdin, answers).run()
    except BrokenPipeError:
        os._exit(0)  # as in `_read`


if __name__ == "__main__":
    main()
