"""How long processes take to start, and what they load that they should not.

Restart: the launcher with data that is already there, from its call to "SAI is ready".
"""

import contextlib
import os
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.ground import folder
from bench.row import Row
from bench.timing import seconds
from sai.embedded import ports

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("numpy", "av", "onnxruntime", "ctranslate2", "faster_whisper", "pydantic_ai", "openai",
         "docx", "pysubs2", "sumy", "boto3", "pandas")  # fmt: skip
PROCESSES = {
    "web": "import sai.asgi",
    "worker": "import django; django.setup(); import sai.celery as c; c.app.finalize()",
    "launcher": "import sai.launcher.__main__",
}
GOAL_S, ROUNDS, READY = 15, 3, "SAI is ready"


def run() -> list[Row]:
    return [*(_import(name, code) for name, code in PROCESSES.items()), _check(), _restart()]


def _environment() -> dict[str, str]:
    return os.environ | {"DJANGO_SETTINGS_MODULE": "sai.settings"}


def _time(command: list[str]) -> tuple[float, float]:
    """Seconds of the clock and of the processor; a busy machine lengthens the first far more."""
    found = []
    for _ in range(ROUNDS):
        before = _processor()
        took = seconds(
            lambda: subprocess.run(command, env=_environment(), check=True, capture_output=True)
        )
        found.append((took, _processor() - before))
    return median(took for took, _ in found), median(used for _, used in found)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _import(name: str, code: str) -> Row:
    took, used = _time([sys.executable, "-c", code])
    bare, bare_used = _time([sys.executable, "-c", "import django.core.handlers.asgi, celery"])
    tell = f"{code}; import sys; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", tell], env=_environment(), check=True, capture_output=True, text=True
    ).stdout.split()
    return Row(
        f"start: import of {name}",
        f"{took:.2f} s",
        f"{bare:.2f} s",
        f"{took / bare:.1f}",
        "nothing heavy",
        f"heavy: {', '.join(found) or 'none'}; processor {used:.1f} s, "
        f"Django and Celery alone {bare_used:.1f} s",
        not found,
    )


def _check() -> Row:
    took, used = _time([sys.executable, str(ROOT / "manage.py"), "check"])
    return Row("start: manage.py check", f"{took:.2f} s", "", "", "", f"processor {used:.1f} s")


def _restart() -> Row:
    environment = _environment() | {
        "SAI_VAR": str(folder() / "instance"),
        "SAI_PORT": str(ports.find()),
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "SAI_STT_ENGINE": "pocketsphinx",
    }
    first, again = _until_ready(environment), _until_ready(environment)
    return Row(
        "start: restart to ready",
        f"{again:.1f} s",
        f"{first:.1f} s",
        f"{again / first:.2f}",
        f"<= {GOAL_S} s",
        "whole family by the launcher; peer: its very first start, tables made",
        again <= GOAL_S,
    )


def _until_ready(environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "sai.launcher"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
        start_new_session=True,
    )
    try:
        _hear(process, READY, seconds=120)
        return time.perf_counter() - begun
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=20)
        process.kill()


def _hear(process: "subprocess.Popen[str]", word: str, *, seconds: float) -> None:
    assert process.stdout is not None
    until, said = time.monotonic() + seconds, []
    while select.select([process.stdout], [], [], max(0, until - time.monotonic()))[0]:
        line = process.stdout.readline()
        said.append(line)
        if word in line:
            return
        if not line:
            break
    raise RuntimeError(f"no start: {''.join(said[-5:])}")
