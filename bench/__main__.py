"""`python -m bench [NAME...]`: measures, prints one table, keeps a copy under `bench-results/`."""

import contextlib
import datetime as dt
import importlib
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from bench import ground
from bench.row import Row

NAMES = (
    "pipeline",
    "meeting",
    "jobs",
    "wakeup",
    "gateway",
    "listing",
    "paging",
    "search",
    "events",
    "decoding",
    "conferences",
    "starting",
)
HEAD = Row("metric", "ours", "bare or peer", "ratio", "goal", "note")
RESULTS = Path(__file__).resolve().parents[1] / "bench-results"


def main(wanted: Sequence[str]) -> int:
    if unknown := set(wanted) - set(NAMES):
        print(f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}")
        return 2
    with ground.prepared():
        rows = [row for name in wanted or NAMES for row in _measure(name)]
    _keep(rows)
    print(f"\n{_machine()}\n")
    print(_table(rows))
    return 0


def _measure(name: str) -> list[Row]:
    """Its rows; one that says what went wrong when it does not come to an end."""
    begun = time.monotonic()
    try:
        ground.clear()
        rows = importlib.import_module(f"bench.{name}").run()
    except Exception as error:
        traceback.print_exc()
        rows = [Row(name, "-", "-", "-", "-", f"not measured: {type(error).__name__}", False)]
    # One by one as they come: a bench that is broken off has not been for nothing.
    print(
        f"{name}: {time.monotonic() - begun:.0f} s", *rows, sep="\n  ", file=sys.stderr, flush=True
    )
    return rows


def _verdict(row: Row) -> str:
    return {True: "ok", False: "SHORT", None: ""}[row.met]


def _table(rows: Sequence[Row]) -> str:
    lines = [[*HEAD[:5], "", HEAD.note], *([*row[:5], _verdict(row), row.note] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(7)]
    texts = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([texts[0], "-" * max(map(len, texts)), *texts[1:]])


def _machine() -> str:
    load = os.getloadavg()[0]
    return (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, "
        f"load {load:.1f}, {platform.system()}, Python {platform.python_version()}"
    )


def _keep(rows: Sequence[Row]) -> None:
    RESULTS.mkdir(exist_ok=True)
    now = dt.datetime.now(dt.UTC)
    body = {"at": now.isoformat(), "machine": _machine(), "rows": [row._asdict() for row in rows]}
    (RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json").write_text(json.dumps(body, indent=1))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
