"""`python -m sai.launcher`: start SAI and stay until SIGINT or SIGTERM."""

import os
import sys
from pathlib import Path

from sai.launcher import preflight
from sai.launcher.children import family, reachable
from sai.launcher.launch import Plan, run
from sai.launcher.refusal import Refusal

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    """Status 0 after a wanted end, 1 after a refusal."""
    _open_standard_streams()
    try:
        env = preflight.load_settings()
        run(
            Plan(
                var=env.var.resolve(),
                folder=ROOT,
                host=env.host,
                port=env.port,
                url=env.public_url.rstrip("/") or f"http://{reachable(env.host)}:{env.port}",
                database_url=env.database_url,
                redis_url=env.redis_url,
                family=family(env),
            )
        )
    except Refusal as refusal:
        print(f"sai: {refusal}", file=sys.stderr)
        return 1
    return 0


def _open_standard_streams() -> None:
    """Where one is closed, the next file opened would be taken for it."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    sys.exit(main())
