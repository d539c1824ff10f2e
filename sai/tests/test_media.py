"""The media process as a real uvicorn: it answers, and it refuses what nobody owns."""

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from sai.embedded import ports
from sai.media import UNKNOWN_LINE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    chosen = ports.find()
    command = [sys.executable, "-m", "uvicorn", "sai.media:application", "--port", str(chosen)]
    process = subprocess.Popen([*command, "--log-level", "error"], cwd=ROOT)
    try:
        while ports.is_free(chosen):
            assert process.poll() is None
            time.sleep(0.05)
        yield chosen
    finally:
        process.terminate()
        assert process.wait(10) in (0, -15)


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/admin/", 404)])
def test_it_says_that_it_lives_and_nothing_else(port, path, status):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    link.request("GET", path)
    assert link.getresponse().status == status


def test_a_socket_nobody_owns_is_closed_with_the_reason(port):
    with connect(f"ws://127.0.0.1:{port}/ws/call/none") as link:
        with pytest.raises(ConnectionClosedError) as closed:
            link.recv(timeout=5)
        assert closed.value.rcvd.code == UNKNOWN_LINE
