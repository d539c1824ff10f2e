"""What the program makes of an offer: words, audio, refusals."""

import time

from engines import protocol
from engines.agent.tests.conftest import ONE


async def test_it_introduces_itself_within_a_second_and_a_half(gateway, start):
    began = time.monotonic()
    await start("--slots", 3, "--id", "bench-1")
    peer = await gateway.engine()
    took = time.monotonic() - began
    assert peer.hello == {
        "type": "hello",
        "engine_id": "bench-1",
        "version": peer.hello["version"],
        "capabilities": ["transcribe"],
        "languages": [],
        "slots": 3,
        "holding": [],
        "shared_files": False,
    }
    assert took < 1.5, f"{took:.2f} s"


async def test_shared_files_become_a_result_file(gateway, start, exchange):
    await start("--exchange", exchange)
    peer = await gateway.engine()
    assert peer.hello["shared_files"] is True
    await peer.accepted("r1", **ONE)
    done = await peer.expect("done", "r1")
    assert "result" not in done
    folder = exchange / "result" / "r1"
    assert [path.name for path in folder.iterdir()] == ["result.json"]
    result = protocol.read_result("transcribe", (folder / "result.json").read_bytes())
    assert isinstance(result, protocol.TranscriptionResult)
    assert {phrase.track for phrase in result.phrases} == {7}
    assert result.language == "en"
    assert result.engine == "fake"
    assert 3.5 < result.phrases[-1].end <= 4.0
    stages = [message["stage"] for message in peer.said if message["type"] == "progress"]
    assert stages or peer.count("progress") == 0
