"""Claims of engines: steps that somebody outside does for us, on the same rows as our workers.

Every function is one short transaction, as in `leases`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.sql import ask
from notifications import events
from recordings.choices import Queue
from recordings.conf import conf
from recordings.models import StepRun
from recordings.pipeline import leases
from recordings.pipeline import remote_statements as statements

TRIES = 3
"""Somebody else may be faster at the head of the queue; there may be a next one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an engine takes. No languages: all of them."""

    queues: Sequence[str]
    steps: Sequence[str]
    spoken: Sequence[str] = ()
    """Those of `steps` for which it has to know the language."""
    languages: Sequence[str] = ()
    language: str = ""
    """The language of recordings for which nobody named one."""
    unwanted: Sequence[int] = ()
    """Steps that it did not want a moment ago."""


@dataclass(slots=True)
class Kept:
    """A claim to be kept: `lease` seconds from now if `due`; `tell` writes a progress event."""

    id: int
    attempt: int
    lease: float
    progress: int
    due: bool
    tell: bool = False


@dataclass(slots=True)
class Standing:
    """What became of claims: `renewed`, and those that are `ours` no more."""

    renewed: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)


def claim(wanted: Wanted, *, worker: str) -> StepRun | None:
    """The next ready step that this engine can do, in the order of our own workers."""
    queues = set(wanted.queues)
    with leases.licensed(Queue.GPU if Queue.GPU in queues else "") as free:
        if not free:
            queues.discard(Queue.GPU)
        for _ in range(TRIES):
            row = _try_claim(wanted, sorted(queues), worker)
            heads = row.pop("heads")
            if row["id"] is not None:
                events.tell()
                return StepRun(**row)
            if not heads:
                return None
    return None


def _try_claim(wanted: Wanted, queues: Sequence[str], worker: str) -> dict[str, Any]:
    rows = ask(
        statements.CLAIM,
        queues=list(queues),
        steps=list(wanted.steps),
        spoken=list(wanted.spoken),
        languages=list(wanted.languages),
        language=wanted.language,
        unwanted=list(wanted.unwanted),
        worker=worker,
        lease=conf().lease_seconds,
    )
    return rows[0]


def put_back(id: int, attempt: int) -> str | None:
    """Gives it back as if nobody had claimed it: the queue; None when it is no longer held."""
    rows = ask(statements.PUT_BACK, id=id, attempt=attempt)
    events.tell()
    return str(rows[0]["queue"]) if rows else None


def adopt(id: int, attempt: int, *, worker: str) -> tuple[StepRun, float] | None:
    """The step and the seconds since its beginning, when `worker`, who held it, may go on."""
    rows = ask(statements.ADOPT, id=id, attempt=attempt, worker=worker, lease=conf().lease_seconds)
    events.tell()
    if not rows:
        return None
    since = rows[0].pop("since")
    return StepRun(**rows[0]), float(since or 0)


def keep(claims: Iterable[Kept]) -> Standing:
    """Renews what is due and looks after the rest."""
    held = list(claims)
    standing = Standing()
    if not held:
        return standing
    columns: dict[str, list[Any]] = {
        "ids": [one.id for one in held],
        "attempts": [one.attempt for one in held],
        "leases": [one.lease for one in held],
        "progress": [one.progress for one in held],
        "due": [one.due for one in held],
        "tell": [one.tell for one in held],
    }
    for row in ask(statements.KEEP, **columns):
        if row["renewed"]:
            standing.renewed.add(row["id"])
        if not row["ours"]:
            standing.gone.add(row["id"])
    if any(one.tell for one in held):
        events.tell()
    return standing
