"""The program itself, started as anybody starts it, against the stand-in gateway."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from engines.agent.tests import stand_in
from engines.agent.tests.stand_in import ROOT, TOKEN
from engines.media.encode import write_wav

RATE = 16_000


class Program:
    """`python -m engines.agent` and what it said on stderr."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process, self._log = process, log
        self.pid = process.pid

    @property
    def log(self) -> str:
        return self._log.read_text()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def ended(self, *, within: float = 20.0) -> int:
        return await asyncio.wait_for(self._process.wait(), within)

    def children(self) -> list[int]:
        if self._process.returncode is not None:
            return []
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in text.split()]

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@pytest_asyncio.fixture
async def gateway():
    async with stand_in.gateway() as made:
        yield made


@pytest.fixture
def files():
    with stand_in.files() as made:
        yield made


@pytest_asyncio.fixture
async def start(gateway, tmp_path):
    """Starts the program with the token in its environment; its log never shows the token."""
    started: list[Program] = []

    async def begin(*arguments: object, server: str = "", **environment: str) -> Program:
        log = tmp_path / f"engine{len(started)}.log"
        scratch = tmp_path / "scratch"
        with log.open("w") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "engines.agent",
                *("--engine", "fake", "--scratch", str(scratch)),
                *map(str, arguments),
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={
                    "PATH": os.environ["PATH"],
                    "SAI_SERVER": server or gateway.url,
                    "SAI_ENGINE_TOKEN": TOKEN,
                    "SAI_LOG_LEVEL": "DEBUG",
                    **environment,
                },
            )
        program = Program(process, log)
        started.append(program)
        return program

    yield begin
    workers = [pid for program in started for pid in program.children()]
    for program in started:
        await program.kill()
    # They end with their program, whatever they were doing.
    await until(lambda: all(ended(pid) for pid in workers))
    for program in started:
        assert TOKEN not in program.log
        # The process that forks decoders says so when its worker is killed while it starts.
        for trace in program.log.split("Traceback")[1:]:
            assert "engines/media/zygote.py" in trace


async def until(condition: Callable[[], bool], *, within: float = 10.0) -> None:
    """Until it holds, asked often; fails when it does not in time."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def exchange(tmp_path):
    """`<storage root>/exchange`, with one request: a link into the storage, an empty result."""
    root = tmp_path / "fs" / "exchange"
    (root / "source" / "r1").mkdir(parents=True)
    (root / "result" / "r1").mkdir(parents=True)
    stored = tmp_path / "fs" / "ab" / "cd" / "abcd"
    stored.parent.mkdir(parents=True)
    tone(stored, seconds=4)
    (root / "source" / "r1" / "Anna.wav").symlink_to("../../../ab/cd/abcd")
    return root


def tone(path: Path, *, seconds: float, hz: float = 440.0) -> Path:
    at = np.arange(int(seconds * RATE)) / RATE
    write_wav(path, (np.sin(2 * np.pi * hz * at) * 9000).astype(np.int16))
    return path


ONE = {
    "source_dir": "source/r1",
    "result_dir": "result/r1",
    "files": [{"name": "Anna.wav", "track": 7, "participant": "Anna", "url": ""}],
}
TERM = signal.SIGTERM
