"""The demonstration, ended in its middle, takes everything with it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from django.conf import settings


def belonging_to(folder: Path) -> list[int]:
    """Processes that name something below the folder, or write a log there."""
    found = []
    for process in psutil.process_iter():
        try:
            named = " ".join([*process.cmdline(), process.environ().get("SAI_VAR", "")])
        except psutil.Error:
            continue
        if str(folder) in named:
            found.append(process.pid)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_in_its_middle_it_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "sai.demo.conferences"],
        cwd=settings.BASE_DIR,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        assert "TrueConf Server without any meeting" in demo.stdout.readline()
        assert belonging_to(tmp_path)
        demo.send_signal(number)
        assert demo.wait(30) == 130
        assert "interrupted" in demo.stdout.read()
    until = time.monotonic() + 10
    while belonging_to(tmp_path) and time.monotonic() < until:
        time.sleep(0.1)
    assert belonging_to(tmp_path) == []
    assert list(tmp_path.glob("sai-demo-*")) == []
