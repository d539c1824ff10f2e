"""Everything that can go wrong between an engine and its gateway, and what becomes of the work."""

import asyncio
import os
import signal
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from engines.agent.tests.conftest import ONE, ended, until
from engines.agent.tests.stand_in import BEAT_S, LEASE_S, TOKEN
from engines.protocol import OFFER_ANSWER_S

SLOW = ("--speed", "4x")
"""Four seconds of sound are a second of work."""
INLINE = {**ONE, "result_dir": ""}


async def test_a_lost_connection_costs_no_work(gateway, start, exchange):
    await start("--exchange", exchange, *SLOW)
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    await peer.expect("progress", "r1")
    peer.drop()
    peer = await gateway.engine()
    assert peer.hello["holding"] == [{"request_id": "r1", "attempt": 1}]
    await peer.expect("progress", "r1")
    done = await peer.expect("done", "r1")
    assert done["result"]["phrases"]
    assert peer.count("accept") == 0


async def test_a_result_is_told_until_somebody_answers(gateway, start, exchange):
    await start("--exchange", exchange)
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    first = await peer.expect("done", "r1")
    await peer.accepted("r2", attempt=4, **INLINE)
    await peer.expect("done", "r2")
    peer.drop()

    peer = await gateway.engine()
    assert peer.hello["holding"] == [
        {"request_id": "r1", "attempt": 1},
        {"request_id": "r2", "attempt": 4},
    ]
    assert await peer.expect("done", "r1") == first
    await peer.acknowledge(first)
    await peer.expect("done", "r2")
    await peer.send(type="refused", request_id="r2", attempt=3, reason="not this one")
    peer.drop()

    peer = await gateway.engine()
    assert peer.hello["holding"] == [{"request_id": "r2", "attempt": 4}]
    await peer.expect("done", "r2")
    await peer.send(type="refused", request_id="r2", attempt=4, reason="old attempt")
    peer.drop()

    peer = await gateway.engine()
    assert peer.hello["holding"] == []


async def test_a_result_that_nobody_heard_of_survives_a_kill(gateway, start, exchange, tmp_path):
    settings = ("--exchange", exchange, "--state", tmp_path / "state")
    program = await start(*settings)
    peer = await gateway.engine()
    name = peer.hello["engine_id"]
    await peer.accepted("r1", attempt=2, **INLINE)
    done = await peer.expect("done", "r1")
    assert oct((tmp_path / "state").stat().st_mode)[-3:] == "700"
    await program.kill()

    await start(*settings)
    peer = await gateway.engine()
    assert peer.hello["engine_id"] == name
    assert peer.hello["holding"] == [{"request_id": "r1", "attempt": 2}]
    assert await peer.expect("done", "r1") == done
    await peer.acknowledge(done)
    await peer.accepted("r2", **INLINE)
    second = await peer.expect("done", "r2")
    await peer.acknowledge(second)
    await peer.send(type="ping")
    await peer.expect("pong")
    assert not list((tmp_path / "state").glob("*.result"))


async def test_two_engines_never_share_a_state(gateway, start, tmp_path):
    await start("--state", tmp_path)
    await gateway.engine()
    second = await start("--state", tmp_path)
    assert await second.ended() == 2
    assert "used by another engine" in second.log


async def test_a_gateway_that_answers_nothing_is_left_after_a_lease(gateway, start, exchange):
    await start("--exchange", exchange, "--speed", "2x")
    peer = await gateway.engine()
    peer.deaf = True
    await peer.accepted("r1", **INLINE)
    began = time.monotonic()
    peer = await gateway.engine()
    assert LEASE_S * 0.5 < time.monotonic() - began < LEASE_S + 10
    assert peer.hello["holding"] == [{"request_id": "r1", "attempt": 1}]
    await peer.expect("done", "r1")


async def test_a_refused_token_is_told_and_tried_again(gateway, start):
    gateway.refusing = True
    program = await start()
    await until(lambda: len(gateway.handshakes) > 2)
    assert "does not accept the token" in program.log
    gateway.refusing = False
    await gateway.engine()


async def test_a_new_token_in_the_file_is_used_from_then_on(gateway, start, tmp_path):
    place = tmp_path / "token"
    place.write_text("an-old-token\n")
    await start("--token-file", place, SAI_ENGINE_TOKEN="")
    await until(lambda: len(gateway.handshakes) > 1)
    place.write_text(TOKEN + "\n")
    await gateway.engine()
    assert gateway.handshakes[0] == "Bearer an-old-token"


async def test_a_doubled_offer_is_one_piece_of_work(gateway, start, exchange):
    await start("--exchange", exchange, "--slots", 2, *SLOW)
    peer = await gateway.engine()
    for _ in range(2):
        await peer.accepted("r1", **INLINE)
    done = await peer.expect("done", "r1")
    await peer.accepted("r1", **INLINE)
    assert await peer.expect("done", "r1") == done
    await asyncio.sleep(BEAT_S)
    assert peer.count("done") == 2
    assert peer.count("reject") == 0


async def test_attempts(gateway, start, exchange):
    """An old one is refused; a newer one for the same work goes on where it is."""
    program = await start("--exchange", exchange, *SLOW)
    peer = await gateway.engine()
    await peer.accepted("r1", attempt=5, **INLINE)
    await peer.expect("progress", "r1")
    await peer.offer("r1", attempt=4, **INLINE)
    assert (await peer.expect("reject", "r1"))["reason"] == "old_attempt"
    fresh = [{**INLINE["files"][0], "url": "/another?sig=2"}]
    await peer.accepted("r1", attempt=6, **{**INLINE, "files": fresh})
    await peer.send(type="cancel", request_id="r1", attempt=5)
    done = await peer.expect("done", "r1")
    assert done["attempt"] == 6
    assert program.log.count("work begins") == 1
    await peer.offer("r1", attempt=5, **INLINE)
    assert (await peer.expect("reject", "r1"))["reason"] == "old_attempt"
    await peer.accepted("r1", attempt=7, **INLINE)
    assert (await peer.expect("done", "r1"))["attempt"] == 7


async def test_other_work_for_a_held_request_ends_the_old_one(gateway, start, exchange):
    await start("--exchange", exchange, "--speed", "0.5x")
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    short = {**INLINE, "files": [{**ONE["files"][0], "regions": [[1, 1.1]]}]}
    await peer.accepted("r1", attempt=2, **short)
    done = await peer.expect("done", "r1")
    assert done["attempt"] == 2
    assert done["result"]["phrases"][0]["start"] == 1
    assert peer.count("failed") == peer.count("reject") == 0


async def test_what_is_offered_with_a_cancel_waits_for_the_slot(gateway, start, exchange):
    """Even where the worker has to be killed first: the answer comes before the offer lapses."""
    program = await start("--exchange", exchange, "--speed", "0.5x")
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    await peer.expect("progress", "r1")
    (worker,) = program.children()
    os.kill(worker, signal.SIGSTOP)
    await peer.send(type="cancel", request_id="r1", attempt=1)
    await peer.offer("r1", attempt=2, **INLINE)
    await peer.offer("r2", **INLINE)
    assert (await peer.expect("reject", "r2"))["reason"] == "busy"
    began = time.monotonic()
    failed = await peer.expect("failed", "r1")
    assert (failed["code"], failed["attempt"]) == ("cancelled", 1)
    assert (await peer.expect("accept", "r1"))["attempt"] == 2
    assert time.monotonic() - began < OFFER_ANSWER_S
    assert worker not in program.children()


async def test_a_full_engine_rejects(gateway, start, exchange):
    await start("--exchange", exchange, "--slots", 2, *SLOW)
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    await peer.accepted("r2", **INLINE)
    await peer.offer("r3", **INLINE)
    assert (await peer.expect("reject", "r3"))["reason"] == "busy"
    await peer.expect("done", "r1")
    await peer.accepted("r3", **INLINE)


async def test_progress_comes_with_every_heartbeat(gateway, start, exchange):
    await start("--exchange", exchange, "--speed", "3x")
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    moments = []
    while True:
        message = await next_of(peer, {"progress", "done"})
        if message["type"] == "done":
            break
        moments.append(time.monotonic())
    pauses = [after - before for before, after in pairwise(moments)]
    assert len(moments) >= 4
    assert median(pauses) < BEAT_S * 1.3


async def test_cancel_in_the_middle(gateway, start, exchange):
    """The engine forgets the work, keeps its warm worker, and is free at once."""
    program = await start("--exchange", exchange, "--speed", "0.2x")
    peer = await gateway.engine()
    workers = program.children()
    await peer.accepted("r1", attempt=3, **INLINE)
    await asyncio.sleep(0.5)
    await peer.send(type="cancel", request_id="r1", attempt=2)
    await peer.send(type="cancel", request_id="r1", attempt=3)
    failed = await peer.expect("failed", "r1")
    assert (failed["code"], failed["attempt"], failed["retryable"]) == ("cancelled", 3, False)
    await peer.accepted("r2", **INLINE)
    assert program.children() == workers
    assert peer.count("failed") == 1


async def test_cancel_of_what_is_finished_or_unknown(gateway, start, exchange):
    await start("--exchange", exchange)
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    await peer.expect("done", "r1")
    for name in ("r1", "never-heard-of"):
        await peer.send(type="cancel", request_id=name, attempt=1)
        assert (await peer.expect("failed", name))["code"] == "cancelled"
    peer.drop()
    assert (await gateway.engine()).hello["holding"] == []


async def test_a_killed_worker_is_a_retryable_failure(gateway, start, exchange):
    program = await start("--exchange", exchange, "--speed", "0.5x")
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    await peer.expect("progress", "r1")
    (worker,) = program.children()
    os.kill(worker, signal.SIGKILL)
    failed = await peer.expect("failed", "r1")
    assert (failed["code"], failed["retryable"]) == ("worker_lost", True)
    await peer.accepted("r2", **{**INLINE, "files": [{**ONE["files"][0], "regions": [[0, 0.2]]}]})
    await peer.expect("done", "r2")
    assert program.children() != [worker]


async def test_a_hung_worker_is_stopped(gateway, start, exchange):
    program = await start("--exchange", exchange, "--speed", "0.5x", "--stall", 1.0)
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    await peer.expect("progress", "r1")
    (worker,) = program.children()
    os.kill(worker, signal.SIGSTOP)
    failed = await peer.expect("failed", "r1")
    assert (failed["code"], failed["retryable"]) == ("worker_stalled", True)
    assert worker not in program.children()


async def test_even_a_hung_worker_ends_with_its_program(gateway, start):
    program = await start()
    await gateway.engine()
    (worker,) = program.children()
    os.kill(worker, signal.SIGSTOP)
    await program.kill()
    await until(lambda: ended(worker))


async def test_the_scratch_of_a_killed_program_is_removed(gateway, start, exchange, tmp_path):
    program = await start("--exchange", exchange, "--speed", "0.5x")
    peer = await gateway.engine()
    await peer.accepted("r1", **INLINE)
    await peer.expect("progress", "r1")
    left = folders(tmp_path / "scratch")
    await until(lambda: bool(list(left[0].rglob("*.s16"))))
    await program.kill()
    assert left[0].exists()
    await start("--exchange", exchange)
    await gateway.engine()
    assert not left[0].exists()
    assert len(folders(tmp_path / "scratch")) == 1


async def test_the_token_is_nowhere_to_be_seen(gateway, start):
    program = await start()
    await gateway.engine()
    (worker,) = program.children()
    for pid in (program.pid, worker):
        assert TOKEN not in seen(pid, "cmdline")
    assert TOKEN not in seen(worker, "environ")


def seen(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def folders(parent: Path) -> list[Path]:
    return [path for path in parent.iterdir() if path.is_dir()]


async def next_of(peer, kinds: set[str]) -> dict:
    async with asyncio.timeout(20):
        while True:
            message = await peer._inbox.get()
            if message["type"] in kinds:
                return message
