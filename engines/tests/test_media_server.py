"""The preloaded process: limits bite, lost children are told, and the next file works."""

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from engines.errors import BadMedia, EngineError
from engines.media import reading
from engines.media.base import Limits
from engines.media.server import server
from engines.tests.making import tone, write


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """An hour of MP3: some seconds of work. Made once by repeating frames."""
    path = tmp_path_factory.mktemp("long") / "long.mp3"
    minute = write(path, tone(60, rate=44_100), "mp3", rate=44_100, write_xing="0").read_bytes()
    path.write_bytes(minute * 60)
    return path


@pytest.fixture
def short(tmp_path):
    return write(tmp_path / "short", tone(1), "wav")


def _works(short, tmp_path) -> bool:
    return reading.decode(short, tmp_path / "works").duration_s == pytest.approx(1)


def _children() -> list[psutil.Process]:
    return psutil.Process(server.pid).children() if server.pid else []


def _wait_for_child() -> psutil.Process:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if found := _children():
            return found[0]
        time.sleep(0.005)
    raise AssertionError("no child came")


def _in_background(long, out):
    """Decode in a thread; the list gets what it raised."""
    raised: list[BaseException] = []

    def work():
        try:
            reading.decode(long, out)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, raised


def test_a_file_that_needs_too_much_time_is_refused_and_the_next_one_works(long, short, tmp_path):
    reading.inspect(short)
    before = server.pid
    with pytest.raises(BadMedia) as refused:
        reading.decode(long, tmp_path / "out", limits=Limits(cpu_s=1))
    assert refused.value.code == "too_much_work"
    assert not list(tmp_path.glob("out*"))
    assert _works(short, tmp_path)
    assert server.pid == before


def test_a_file_that_needs_too_much_memory_is_refused_and_the_next_one_works(short, tmp_path):
    """A FLAC picture of 200 MB has to be held in memory whole."""
    whole = write(tmp_path / "bomb", tone(1), "flac").read_bytes()
    size = (1 << 24) - 1
    cover = _picture_block(size - 64)
    pictures = (b"\x06" + len(cover).to_bytes(3, "big") + cover) * 12
    (tmp_path / "bomb").write_bytes(whole[:42] + pictures + whole[42:])
    with pytest.raises(BadMedia) as refused:
        reading.decode(tmp_path / "bomb", tmp_path / "out", limits=Limits(memory_bytes=150 << 20))
    assert refused.value.code == "too_much_memory"
    assert _works(short, tmp_path)


def _picture_block(length: int) -> bytes:
    """A FLAC picture block: type, mime, no description, size, depth, data."""
    mime = b"image/png"
    numbers = bytes(4) + (1).to_bytes(4, "big") * 2 + (24).to_bytes(4, "big") + bytes(4)
    return (
        (3).to_bytes(4, "big") + len(mime).to_bytes(4, "big") + mime + numbers
        + length.to_bytes(4, "big") + bytes(length)
    )  # fmt: skip


def test_a_missed_time_limit_is_retryable_and_leaves_nothing_running(long, short, tmp_path):
    with pytest.raises(EngineError) as late:
        reading.decode(long, tmp_path / "out", limits=Limits(wall_s=0.3))
    assert (late.value.code, late.value.retryable) == ("media_timeout", True)
    assert _works(short, tmp_path)
    _nobody_left()


def test_a_child_killed_from_outside_is_retryable_and_the_next_call_works(long, short, tmp_path):
    thread, raised = _in_background(long, tmp_path / "out")
    _wait_for_child().send_signal(signal.SIGKILL)
    thread.join(60)
    assert isinstance(raised[0], EngineError)
    assert (raised[0].code, raised[0].retryable) == ("media_child_lost", True)
    assert not list(tmp_path.glob("out*"))
    assert _works(short, tmp_path)


def test_the_preloaded_process_killed_takes_its_child_along_and_starts_again(long, short, tmp_path):
    thread, raised = _in_background(long, tmp_path / "out")
    child = _wait_for_child()
    before = server.pid
    os.kill(before, signal.SIGKILL)
    thread.join(60)  # the machine may be busy
    assert not thread.is_alive()
    assert [error.code for error in raised] == ["media_child_lost"]
    assert _gone(child)
    assert _works(short, tmp_path)
    assert server.pid != before


def test_a_cancel_stops_the_child_at_once(long, short, tmp_path):
    class Cancelled(Exception):
        pass

    def check():
        if _children():
            raise Cancelled

    with pytest.raises(Cancelled):
        reading.decode(long, tmp_path / "out", check=check)
    _nobody_left()
    assert not list(tmp_path.glob("out*"))
    assert _works(short, tmp_path)


def test_a_fork_of_the_caller_starts_its_own_process(short, tmp_path):
    reading.inspect(short)
    mine = server.pid
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            seen = reading.inspect(short).rate
            os.write(writer, f"{seen} {server.pid}".encode())
            server.stop()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    rate, theirs = os.read(reader, 100).split()
    assert int(rate) == 16_000
    assert int(theirs) != mine
    assert server.pid == mine
    assert _works(short, tmp_path)


def test_many_threads_share_one_process(short, tmp_path):
    failures: list[BaseException] = []

    def work(number):
        try:
            for _ in range(5):
                reading.decode(short, tmp_path / f"out{number}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    _nobody_left()


def test_a_child_has_no_network_no_files_and_little_to_take(long, tmp_path):
    thread, _ = _in_background(long, tmp_path / "out")
    child = _wait_for_child()
    try:
        granted = reading.isolation()
        if granted["network"]:
            assert os.readlink(f"/proc/{child.pid}/ns/net") != os.readlink("/proc/self/ns/net")
        if granted["filesystem"]:
            assert "sai-nowhere" in os.readlink(f"/proc/{child.pid}/root")
        if granted["user"]:
            assert child.uids().real == 65_534
        assert child.environ().keys() <= {"LANG", "LC_CTYPE"}
        status = Path(f"/proc/{child.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
    finally:
        child.kill()
        thread.join(60)


def _gone(process: psutil.Process) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.01)
    return False


def _nobody_left() -> None:
    until = time.monotonic() + 5
    while _children() and time.monotonic() < until:
        time.sleep(0.01)
    assert not _children()
