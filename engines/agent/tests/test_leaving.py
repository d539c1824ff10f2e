"""How the program ends: work is finished or handed back, and nobody waits for long."""

import signal
import time
from contextlib import suppress

import pytest

from engines.agent.settings import WrongSettings, read
from engines.agent.tests.conftest import ONE, TERM, until

INLINE = {**ONE, "result_dir": ""}


async def at_work(peer):
    """Until the work is really under way: a worker that was lost at its start gets it again."""
    for attempt in range(1, 4):
        await peer.accepted("r1", attempt=attempt, **INLINE)
        with suppress(TimeoutError):
            return await peer.expect("progress", "r1", within=6)
    raise AssertionError("nobody works")


async def test_an_idle_engine_leaves_at_once(gateway, start, tmp_path):
    program = await start()
    peer = await gateway.engine()
    began = time.monotonic()
    program.signal(TERM)
    await peer.expect("drain")
    assert await program.ended() == 0
    assert time.monotonic() - began < 5
    await peer.closed.wait()
    assert peer.close_code == 1000
    assert not list((tmp_path / "scratch").iterdir())


async def test_what_fits_into_the_grace_is_finished(gateway, start, exchange):
    program = await start("--exchange", exchange, "--speed", "5x")
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    program.signal(TERM)
    await peer.expect("drain")
    await peer.offer("r2", **INLINE)
    assert (await peer.expect("reject", "r2"))["reason"] == "draining"
    done = await peer.expect("done", "r1")
    await peer.acknowledge(done)
    assert await program.ended() == 0
    assert "untold" not in program.log


async def test_what_does_not_is_handed_back(gateway, start, exchange):
    program = await start("--exchange", exchange, "--speed", "0.1x", "--grace", 0.5, "--slots", 2)
    peer = await gateway.engine()
    for name in ("r1", "r2"):
        await peer.accepted(name, **INLINE)
    began = time.monotonic()
    program.signal(TERM)
    for failed in [await peer.expect("failed") for _ in range(2)]:
        assert (failed["code"], failed["retryable"]) == ("engine_stopping", True)
    assert await program.ended() == 0
    assert 0.5 < time.monotonic() - began < 10


async def test_a_second_signal_ends_the_patience(gateway, start, exchange):
    program = await start("--exchange", exchange, "--speed", "0.1x", "--grace", 60)
    peer = await gateway.engine()
    await at_work(peer)
    program.signal(signal.SIGINT)
    await peer.expect("drain")
    program.signal(signal.SIGINT)
    assert (await peer.expect("failed", "r1"))["code"] == "engine_stopping"
    assert await program.ended(within=5) == 0


async def test_without_a_gateway_it_leaves_too_and_says_what_is_lost(gateway, start, exchange):
    program = await start("--exchange", exchange, "--speed", "9x", "--grace", 1)
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    gateway.refusing = True
    peer.drop()
    program.signal(TERM)
    assert await program.ended(within=15) == 0
    assert "left with untold outcomes" in program.log


async def test_drain_of_the_gateway(gateway, start, exchange):
    program = await start("--exchange", exchange, "--speed", "5x", "--exit-when-drained")
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    await peer.send(type="drain")
    await peer.offer("r2", **INLINE)
    assert (await peer.expect("reject", "r2"))["reason"] == "draining"
    done = await peer.expect("done", "r1")
    assert not peer.closed.is_set()
    await peer.acknowledge(done)
    assert await program.ended() == 0


async def test_a_signal_before_it_is_ready(gateway, start, tmp_path):
    program = await start("--engine", "fake", server="ws://127.0.0.1:9/ws/supervisor")
    await until(lambda: "connection failed" in program.log)
    program.signal(TERM)
    assert await program.ended() == 0


OK = {"SAI_SERVER": "wss://sai.example.org", "SAI_ENGINE_TOKEN": "t"}


@pytest.mark.parametrize(
    ("arguments", "environment", "word"),
    [
        ([], {"SAI_ENGINE_TOKEN": "t"}, "--server"),
        ([], {"SAI_SERVER": "wss://sai.example.org"}, "SAI_ENGINE_TOKEN"),
        (["--server", "ftp://x"], OK, "wss://"),
        (["--server", "wss://me:secret@x/"], OK, "--token-file"),
        (["--token-file", "/nowhere"], OK, "/nowhere"),
        (["--exchange", "/nowhere"], OK, "--exchange"),
        (["--slots", "0"], OK, "--slots"),
        (["--engine", "none"], OK, "--llm-url"),
        (["--llm-url", "http://x/v1"], OK, "--llm-model"),
        (["--speed", "fast"], OK, "--speed"),
        (["--ca", "/nowhere"], OK, "--ca"),
        (["--id", "x" * 181], OK, "--id"),
        ([], {**OK, "SAI_ENGINE_SLOTS": "many"}, "SAI_ENGINE_SLOTS"),
        ([], {**OK, "SAI_ENGINE_AUDIO": "ogg"}, "--audio"),
    ],
)
def test_wrong_settings_are_named(arguments, environment, word):
    with pytest.raises(WrongSettings) as refused:
        read(arguments, environment)
    assert word in str(refused.value)


def test_addresses_are_understood(tmp_path):
    token = tmp_path / "token"
    token.write_text("from-file\n")
    for given in ("https://sai.example.org", "wss://sai.example.org/", "wss://sai.example.org"):
        settings = read(["--server", given, "--token-file", str(token)], {"SAI_ENGINE_TOKEN": "x"})
        assert settings.server == "wss://sai.example.org/ws/supervisor"
        assert settings.work.web == "https://sai.example.org/"
        assert settings.token.read() == "from-file"
    other = read(["--server", "ws://h:1/other"], OK)
    assert other.server == "ws://h:1/other"
    assert "from-file" not in repr(settings)
    assert "t'" not in repr(other.token)


def test_links_may_lead_into_the_storage_around_the_exchange(tmp_path):
    (tmp_path / "fs" / "exchange").mkdir(parents=True)
    (tmp_path / "share").mkdir()
    inside = read(["--exchange", str(tmp_path / "fs" / "exchange")], OK).work
    assert inside.storage == str(tmp_path / "fs")
    alone = read(["--exchange", str(tmp_path / "share")], OK).work
    assert alone.storage == alone.exchange == str(tmp_path / "share")
    (tmp_path / "new").mkdir()
    assert read(["--exchange", str(tmp_path / "new" / "exchange") + "/"], OK).work.exchange
    assert (tmp_path / "new" / "exchange").is_dir()
    told = read(["--exchange", str(tmp_path / "share"), "--storage", str(tmp_path)], OK).work
    assert told.storage == str(tmp_path)


async def test_an_unknown_engine_is_told_and_ends_the_program(gateway, start):
    program = await start("--engine", "dictaphone")
    assert await program.ended() == 2
    assert "dictaphone" in program.log
    assert "pocketsphinx" in program.log
    assert not gateway.handshakes
