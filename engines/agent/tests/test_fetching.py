"""Files over the wire and what is kept on disk, without the program around them."""

import os
import time

import pytest

from engines.agent import places
from engines.agent.fetching import Wire
from engines.agent.keeping import Kept, identity
from engines.agent.summarising import _parts
from engines.errors import EngineError
from engines.protocol import Done, Failed


def nothing() -> None:
    return None


def refusal(action) -> EngineError:
    with pytest.raises(EngineError) as caught:
        action()
    return caught.value


@pytest.fixture
def wire(files):
    return Wire(files.url + "/", pause_s=0.01)


def test_a_path_means_the_gateways_own_host(files, wire, tmp_path):
    files.content["/engine/1/%D0%90%D0%BD%D0%BD%D0%B0%20B.ogg"] = b"sound"
    wire.download("/engine/1/Анна B.ogg?sig=x:y%2B", tmp_path / "out", nothing)
    assert files.asked[0][0].endswith("?sig=x:y%2B")
    assert (tmp_path / "out").read_bytes() == b"sound"


@pytest.mark.parametrize(
    ("status", "code", "retryable", "asked"),
    [
        (403, "download_failed", True, 1),
        (404, "source_missing", False, 1),
        (302, "download_failed", True, 1),
        (503, "download_failed", True, 6),
    ],
)
def test_what_the_gateway_refuses(files, wire, tmp_path, status, code, retryable, asked):
    files.status = status
    error = refusal(lambda: wire.download("/x?sig=secret", tmp_path / "out", nothing))
    assert (error.code, error.retryable, len(files.asked)) == (code, retryable, asked)
    assert "secret" not in error.message


def test_nobody_listens(tmp_path):
    wire = Wire("http://127.0.0.1:9/", pause_s=0.01)
    (tmp_path / "a").write_bytes(b"x")
    down = refusal(lambda: wire.download("/x", tmp_path / "out", nothing))
    up = refusal(lambda: wire.upload("/x/{name}", tmp_path / "a", nothing))
    assert (down.code, up.code) == ("download_failed", "upload_failed")
    assert down.retryable
    assert up.retryable


def test_other_addresses_than_web_addresses_are_none(tmp_path):
    wire = Wire("http://127.0.0.1:9/")
    for address in ("file:///etc/passwd", "ftp://x/y", "data:,x"):
        assert refusal(lambda a=address: wire.download(a, tmp_path / "o", nothing)).code == (
            "bad_path"
        )


def test_a_cancel_is_heard_between_two_pieces(files, wire, tmp_path):
    files.content["/x"] = bytes(1 << 20)
    calls = []

    def check() -> None:
        calls.append(1)
        if len(calls) > 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        wire.download("/x", tmp_path / "out", check)


async def test_old_and_broken_results_are_forgotten(tmp_path):
    kept = Kept(tmp_path)
    for name in ("new", "old"):
        await kept.add(Done(request_id=name, attempt=1, result={"summary": "x"}))
    await kept.add(Failed(request_id="f", attempt=1, code="x", retryable=True))
    (tmp_path / "broken.result").write_text("{")
    old = kept._path("old")
    os.utime(old, (time.time() - 90_000,) * 2)
    again = Kept(tmp_path)
    again.load()
    assert [(one.request_id, one.attempt) for one in again] == [("new", 1)]
    assert len(list(tmp_path.iterdir())) == 1
    assert oct(kept._path("new").stat().st_mode)[-3:] == "600"


async def test_a_gateway_that_never_answers_does_not_fill_the_memory(tmp_path):
    kept = Kept(None)
    for number in range(510):
        await kept.add(Done(request_id=str(number), attempt=1))
    assert len(kept) == 500
    assert kept.get("9") is None
    assert kept.get("509")


def test_a_name_is_made_once(tmp_path):
    assert identity("gpu-1", tmp_path) == "gpu-1"
    assert identity("", tmp_path) == identity("", tmp_path)
    assert identity("", None) != identity("", None)


def test_nothing_half_written_is_ever_seen(tmp_path, monkeypatch):
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    places.publish(tmp_path, "result.json", b"first")
    monkeypatch.setattr(places.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        places.publish(tmp_path, "result.json", b"second")
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert (tmp_path / "result.json").read_bytes() == b"first"


def test_a_long_text_is_cut_between_lines_and_nothing_is_lost():
    text = "".join(f"line {number}\n" for number in range(50)) + "x" * 300
    parts = _parts(text, 100)
    assert "".join(parts) == text
    assert max(map(len, parts)) <= 100
    assert all(part.endswith("\n") for part in parts[:5])
    assert _parts("", 100) == [""]
