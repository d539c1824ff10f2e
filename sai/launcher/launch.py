"""The order of a start and of an end."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sai import embedded
from sai.embedded import EmbeddedError, Servers
from sai.launcher import leftovers, lock, preflight, runfile
from sai.launcher.children import Child, Family
from sai.launcher.output import Output
from sai.launcher.refusal import Refusal
from sai.launcher.supervisor import Supervisor

READY_SECONDS = 120.0
SERVER_STOP_SECONDS = 1.5
FIRST_TIME_DONE = "first-start.done"


@dataclass(frozen=True)
class Plan:
    """What to start and where. Empty URLs mean embedded servers."""

    var: Path
    folder: Path
    host: str
    port: int
    url: str
    database_url: str
    redis_url: str
    family: Family


def run(plan: Plan) -> None:
    """Start everything, stay until asked to stop, stop everything. Raises Refusal."""
    lock.prepare(plan.var)
    with contextlib.closing(lock.hold(plan.var)):
        leftovers.kill(plan.var)
        _check(plan)
        output = Output([child.name for child in _everybody(plan.family)])
        try:
            _run(plan, Supervisor(plan.folder, output, plan.var / "logs"), output)
        finally:
            runfile.remove(plan.var)
            leftovers.kill(plan.var)
        output.say("SAI has stopped")


def _check(plan: Plan) -> None:
    preflight.check_port(plan.host, plan.port)
    preflight.check_wheels(need_postgres=not plan.database_url, need_redis=not plan.redis_url)
    for name, url in (("DATABASE_URL", plan.database_url), ("REDIS_URL", plan.redis_url)):
        if url:
            preflight.check_reachable(name, url)


def _run(plan: Plan, supervisor: Supervisor, output: Output) -> None:
    with supervisor, _servers(plan, output) as servers:
        urls = {
            "DATABASE_URL": plan.database_url or servers.database_url,
            "REDIS_URL": plan.redis_url or servers.redis_url,
        }
        supervisor.environment |= {**leftovers.mark(plan.var), **urls}
        supervisor.watch(servers)
        try:
            _live(plan, supervisor, output)
        finally:
            output.say(f"sai: stopping, asked by {supervisor.asked_by}")
            supervisor.stop()


def _live(plan: Plan, supervisor: Supervisor, output: Output) -> None:
    if all(_succeeds(supervisor, child) for child in plan.family.before):
        runfile.write(
            plan.var,
            database_url=supervisor.environment["DATABASE_URL"],
            redis_url=supervisor.environment["REDIS_URL"],
            url=plan.url,
        )
        for child in plan.family.processes:
            supervisor.start(child)
        _announce(plan, supervisor, output)
        supervisor.loop()


def _announce(plan: Plan, supervisor: Supervisor, output: Output) -> None:
    """Wait until the family answers, say so, and do what belongs to the very first start."""
    began = time.monotonic()
    while not supervisor.wait_ready(plan.family.ready_url, READY_SECONDS):
        if supervisor.stopping:
            return
        waited = time.monotonic() - began
        output.say(f"sai: no answer after {waited:.0f} s; the lines above may say why")
    output.say(f"SAI is ready: {plan.url}/")
    done = plan.var / FIRST_TIME_DONE
    if not done.exists() and all(supervisor.run(child) == 0 for child in plan.family.first_time):
        done.touch()


def _succeeds(supervisor: Supervisor, child: Child) -> bool:
    """False if we are to stop; a failure is a refusal."""
    status = supervisor.run(child)
    if status:
        raise Refusal(f"{child.name} failed (status {status}): the lines above say why")
    return status == 0


@contextlib.contextmanager
def _servers(plan: Plan, output: Output) -> Iterator[Servers]:
    output.say(f"sai: starting, data in {plan.var}")
    try:
        servers = embedded.start(plan.var, postgres=not plan.database_url, redis=not plan.redis_url)
    except EmbeddedError as error:
        raise Refusal(str(error)) from None
    try:
        yield servers
    finally:
        servers.stop(SERVER_STOP_SECONDS)


def _everybody(family: Family) -> list[Child]:
    return [*family.before, *family.processes, *family.first_time]
