"""Who belongs to the family: names, commands, environments. Data only; `supervisor` runs them."""

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sai.env import Env

MANAGE = [sys.executable, "manage.py"]
CELERY = [sys.executable, "-m", "celery", "--quiet", "-A", "sai"]
# Pages answer, and a start is over, although the workers could use every core.
BEHIND_WEB = 5


@dataclass(frozen=True)
class Child:
    """One process. `environment` is added to the launcher's own."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    nice: int = 0
    """How far it stands back when the cores are busy: 0 not at all, 19 wholly."""


@dataclass(frozen=True)
class Family:
    """`before` must succeed one after another; `processes` run until the end."""

    before: list[Child]
    processes: list[Child]
    ready_url: str
    """Answers when the family is ready."""
    first_time: list[Child] = field(default_factory=list)
    """Run once in the life of a data directory, when ready."""


def family(env: "Env") -> Family:
    """What `make run` starts."""
    processes = [
        _web(env),
        # Two pocketsphinx or decoder processes side by side: one thread each.
        _worker("cpu", queues="cpu", concurrency=2, threads=1),
        # Threads of one process poll servers and bring tracks: they wait more than they work.
        _worker("download", queues="download", concurrency=1, threads=1),
        # Speech recognition: the one place that may use all cores.
        _worker("gpu", queues="gpu", concurrency=1, threads=min(8, os.cpu_count() or 1)),
        _worker("llm", queues="llm", concurrency=1, threads=1),
        Child("beat", [*CELERY, "beat", "--pidfile=", "--loglevel=WARNING", "--scheduler",
                       "django_celery_beat.schedulers:DatabaseScheduler"], _threads(1), BEHIND_WEB),
    ]  # fmt: skip
    if env.inbox:
        processes.append(Child("inbox", [*MANAGE, "watch_inbox"], _threads(1), BEHIND_WEB))
    return Family(
        before=[Child("setup", [*MANAGE, "first_start"], _threads(1))],
        processes=processes,
        ready_url=f"http://{reachable(env.host)}:{env.port}/healthz",
        first_time=[Child("sample", [*MANAGE, "submit_sample"], _threads(1))],
    )


def reachable(host: str) -> str:
    """Where this machine finds a server that listens on `host`."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _web(env: "Env") -> Child:
    command = [sys.executable, "-m", "uvicorn", "sai.asgi:application", "--host", env.host,
               "--port", str(env.port), "--no-access-log", "--log-level", "warning",
               "--lifespan", "off",
               # Who isn't behind a proxy would be believed about his own address.
               "--proxy-headers" if env.https else "--no-proxy-headers",
               "--ws-per-message-deflate", "false", "--ws-ping-interval", "15",
               # Open long polls would hold the end for half a minute.
               "--timeout-graceful-shutdown", "4"]  # fmt: skip
    # A container collects static files into a folder; here they are served from the packages.
    quiet = {"PYTHONWARNINGS": "ignore:No directory at,ignore:StreamingHttpResponse must"}
    return Child("web", command, _threads(1) | quiet | {"SAI_DATABASE_POOL": "16"})


def _worker(name: str, *, queues: str, concurrency: int, threads: int) -> Child:
    command = [*CELERY, "worker", "-Q", queues, "-c", str(concurrency), "-n", f"{name}@%h",
               "--prefetch-multiplier", "1", "--without-gossip", "--without-mingle",
               "--loglevel=WARNING"]  # fmt: skip
    # Root on one's own machine or in a container is nothing to be warned of at every start.
    quiet = {"PYTHONWARNINGS": "ignore:You're running the worker"}
    return Child(f"worker-{name}", command, _threads(threads) | quiet, BEHIND_WEB)


def _threads(count: int) -> dict[str, str]:
    """Libraries that start a thread per core in every process would fight for the cores."""
    if "OMP_NUM_THREADS" in os.environ:
        return {}
    return {"OMP_NUM_THREADS": str(count), "OPENBLAS_NUM_THREADS": "1"}
