"""Real Celery workers in processes of their own, to be killed, frozen and started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from django.conf import settings
from django.db import connection

from sai.embedded import child

ROOT = Path(__file__).resolve().parents[2]


def database_url(port: int | None = None) -> str:
    """The test's own database, or what listens on `port` in its place."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    netloc = parts.netloc if port is None else f"{parts.netloc.rpartition(':')[0]}:{port}"
    return parts._replace(netloc=netloc, path=f"/{connection.settings_dict['NAME']}").geturl()


def environment(**more: str) -> dict[str, str]:
    """What a worker of this test process needs: the test's own database and Redis."""
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "SAI_POLL_SECONDS": "0.5",
        "PYTHONPATH": str(ROOT),
        **more,
    }


class Nursery:
    """See `nursery.py`. Dies with this process, and its workers with it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            env=environment(),
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=child.before_exec(signal.SIGKILL),
        )

    def bear(
        self,
        *,
        log: Path,
        recordings: Mapping[str, object],
        arguments: Sequence[str] = (),
        take: Sequence[object] = (),
        database: str = "",
        clock: float = 0,
    ) -> int:
        """The pid of a new Celery worker, or of one who takes files in (see `taker`).

        `recordings` overrides settings.RECORDINGS; `database`: another way to it; `clock`: seconds
        by which it is wrong.
        """
        wish = {"log": str(log), "recordings": recordings, "arguments": arguments, "take": take}
        wish |= {"database": database, "clock": clock}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass
class Worker:
    """One Celery worker with its pool.

    Without a nursery it starts from nothing.
    """

    log: Path
    nursery: Nursery | None = None
    queues: str = "cpu,gpu,llm"
    concurrency: int = 2
    recordings: dict[str, float] = field(default_factory=dict)
    database: str = ""
    clock: float = 0
    process: psutil.Process = field(init=False)
    orphans: list[psutil.Process] = field(default_factory=list)
    """What a killed parent has left; psutil never takes a reused pid for one of them."""

    def start(self) -> "Worker":
        name = f"w{id(self)}-{os.getpid()}@%h"
        arguments = [
            "--quiet",
            "-A",
            "sai",
            "worker",
            "-Q",
            self.queues,
            "-c",
            str(self.concurrency),
        ]
        arguments += ["-n", name, "--loglevel", "WARNING"]
        arguments += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        pid = self._bear(arguments) if self.nursery else self._exec(arguments)
        self.process = psutil.Process(pid)
        return self

    def _bear(self, arguments: list[str]) -> int:
        assert self.nursery
        return self.nursery.bear(
            arguments=arguments,
            log=self.log,
            recordings=self.recordings,
            database=self.database,
            clock=self.clock,
        )

    def _exec(self, arguments: list[str]) -> int:
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "celery", *arguments],
                env=environment(FAULTS_RECORDINGS=json.dumps(self.recordings)),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=child.before_exec(signal.SIGKILL),
            )
        return self._popen.pid

    @property
    def lives(self) -> bool:
        with suppress(psutil.NoSuchProcess):
            return self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE
        return False

    def children(self) -> list[psutil.Process]:
        """The pool's processes."""
        with suppress(psutil.NoSuchProcess):
            return self.process.children(recursive=True)
        return []

    def signal_all(self, sign: signal.Signals) -> None:
        """To the worker and its whole pool at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, sign)

    def kill(self) -> None:
        """kill -9 of the worker and its whole pool."""
        self.signal_all(signal.SIGKILL)
        for orphan in self.orphans:
            with suppress(psutil.NoSuchProcess):
                orphan.kill()
        with suppress(psutil.NoSuchProcess):
            self.process.wait(10)

    def kill_parent(self) -> None:
        """kill -9 of the worker alone: what becomes of the pool?"""
        self.orphans += self.children()
        with suppress(psutil.NoSuchProcess):
            self.process.kill()
            self.process.wait(10)

    def kill_child(self, index: int = 0) -> bool:
        """kill -9 of one process of the pool; False when there is none."""
        pool = self.children()
        with suppress(psutil.NoSuchProcess):
            if pool:
                pool[index % len(pool)].kill()
        return bool(pool)
