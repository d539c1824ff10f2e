"""What the program makes of an offer: words, audio, summaries, refusals."""

import json
import time
from pathlib import Path

import pytest
from jiwer import wer

from engines import protocol
from engines.agent.tests.conftest import ONE, RATE, tone
from engines.media import reading
from engines.media.encode import write_wav
from engines.tests import tiny_whisper
from tests.standins.openai_server import MODEL, OpenAIStandIn

ROOT = Path(__file__).resolve().parents[3]
MEETING = ROOT / "samples" / "meeting"


def result_of(done: dict) -> protocol.TranscriptionResult:
    result = protocol.read_result("transcribe", done["result"])
    assert isinstance(result, protocol.TranscriptionResult)
    return result


async def test_it_introduces_itself_within_a_second_and_a_half(gateway, start):
    took: list[float] = []
    while not took or (min(took) > 1.5 and len(took) < 4):  # the machine may be busy
        began = time.monotonic()
        await start("--slots", 3, "--id", "bench-1")
        peer = await gateway.engine()
        took.append(time.monotonic() - began)
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
    assert min(took) < 1.5, took


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
    assert (result.language, result.engine, result.audio) == ("en", "fake", None)
    assert 3.5 < result.phrases[-1].end <= 4.0


async def test_tracks_are_mixed_into_one_file_beside_the_result(gateway, start, exchange):
    tone(exchange / "source" / "r1" / "Boris.wav", seconds=6, hz=880)
    await start("--exchange", exchange, "--audio", "mp3")
    peer = await gateway.engine()
    both = [*ONE["files"], {"name": "Boris.wav", "track": -2}]
    await peer.accepted("r1", **{**ONE, "files": both})
    await peer.expect("done", "r1")
    folder = exchange / "result" / "r1"
    result = json.loads((folder / "result.json").read_text())
    assert result["audio"] == {"mp3": "mixed.mp3"}
    assert {phrase["track"] for phrase in result["phrases"]} == {7, -2}
    info = reading.inspect(folder / "mixed.mp3")
    assert info.codec.startswith("mp3")
    assert info.duration_s == pytest.approx(6, abs=0.2)
    assert sorted(path.name for path in folder.iterdir()) == ["mixed.mp3", "result.json"]


async def test_without_shared_files_everything_goes_by_signed_urls(gateway, start, files, tmp_path):
    sound = tone(tmp_path / "a.wav", seconds=4).read_bytes()
    files.content["/get/a"] = sound
    files.cuts = 2
    program = await start("--audio", "wav")
    peer = await gateway.engine()
    await peer.accepted(
        "r1",
        files=[{"name": "a.wav", "track": 3, "url": f"{files.url}/get/a?sig=secret-sig"}],
        upload_url=f"{files.url}/put/{{name}}?sig=secret-sig",
    )
    result = result_of(await peer.expect("done", "r1"))
    assert {phrase.track for phrase in result.phrases} == {3}
    half = len(sound) // 2
    assert [wanted for _, wanted in files.asked] == [
        "",
        f"bytes={half}-",
        f"bytes={half + (len(sound) - half) // 2}-",
    ]
    assert result.audio is not None
    assert result.audio.wav == "mixed.wav"
    assert len(files.received["/put/mixed.wav"]) == pytest.approx(len(sound), abs=100)
    assert "secret-sig" not in program.log


async def test_only_the_regions_of_the_offer_are_heard(gateway, start, exchange):
    await start("--exchange", exchange)
    peer = await gateway.engine()
    regions = [[0.5, 1.0], [2.0, 2.0], [3.0, 99.0], [200.0, 300.0]]
    await peer.accepted(
        "r1", **{**ONE, "result_dir": "", "files": [{**ONE["files"][0], "regions": regions}]}
    )
    result = result_of(await peer.expect("done", "r1"))
    assert [(phrase.start, phrase.end) for phrase in result.phrases] == [(0.5, 1.0), (3.0, 4.0)]
    await peer.accepted("r2", **{**ONE, "files": [{**ONE["files"][0], "regions": []}]})
    await peer.expect("done", "r2")
    silent = json.loads((exchange / "result" / "r1" / "result.json").read_text())
    assert silent["phrases"] == []


async def test_paths_never_lead_out_of_the_shared_directory(gateway, start, exchange, tmp_path):
    secret = tone(tmp_path / "secret.wav", seconds=1)
    source = exchange / "source" / "r1"
    (source / "out.wav").symlink_to(secret)
    (exchange / "result" / "away").symlink_to(tmp_path)
    (source / "dangling.wav").symlink_to("/nowhere/at/all.wav")
    await start("--exchange", exchange, "--slots", 2)
    peer = await gateway.engine()
    cases = {
        "source above": ({"source_dir": "../../"}, "bad_path"),
        "source absolute": ({"source_dir": str(tmp_path)}, "bad_path"),
        "link out": ({"files": [{"name": "out.wav", "track": 1}]}, "bad_path"),
        "result above": ({"result_dir": "../r1"}, "bad_path"),
        "result absolute": ({"result_dir": str(tmp_path / "made")}, "bad_path"),
        "result by link": ({"result_dir": "result/away/made"}, "bad_path"),
        "result is the root": ({"result_dir": "source/.."}, "bad_path"),
        "nothing there": ({"files": [{"name": "no.wav", "track": 1}]}, "source_missing"),
        "link to nowhere": ({"files": [{"name": "dangling.wav", "track": 1}]}, "source_missing"),
        "no web address": (
            {"files": [{"name": "no.wav", "track": 1, "url": "file:///etc/passwd"}]},
            "bad_path",
        ),
    }
    before = sorted(tmp_path.rglob("*.json"))
    for name, (change, code) in cases.items():
        await peer.accepted(name, **{**ONE, **change})
        failed = await peer.expect("failed", name)
        assert (failed["code"], failed["retryable"]) == (code, False), name
        assert str(tmp_path) not in failed["message"]
    assert sorted(tmp_path.rglob("*.json")) == before
    assert not (tmp_path / "made").exists()


async def test_a_broken_file_is_a_final_failure_and_the_worker_lives(gateway, start, exchange):
    (exchange / "source" / "r1" / "noise.wav").write_bytes(b"RIFF" + bytes(3000))
    program = await start("--exchange", exchange)
    peer = await gateway.engine()
    workers = program.children()
    await peer.accepted("bad", **{**ONE, "files": [{"name": "noise.wav", "track": 1}]})
    failed = await peer.expect("failed", "bad")
    assert failed["retryable"] is False
    assert failed["code"] not in ("engine_failed", "worker_lost")
    await peer.accepted("r1", **ONE)
    await peer.expect("done", "r1")
    assert program.children() == workers


async def test_what_it_can_not_do_it_rejects_with_a_reason(gateway, start):
    await start("--languages", "en,ru")
    peer = await gateway.engine()
    assert peer.hello["languages"] == ["en", "ru"]
    web = {"files": [{"name": "a", "track": 1, "url": "http://127.0.0.1:9/x"}]}
    await peer.offer("1", **web, params={"language": "de"})
    await peer.offer("2", **web, params={"engine": "vosk"})
    await peer.offer("3", files=[{"name": "a", "track": 1}])
    await peer.offer("4", kind="summarize", prompt="p", text="t")
    await peer.offer("5", kind="translate")
    await peer.offer("6", files=[{"name": "../a", "track": 1}])
    for nonsense in ("[]", "no json", '{"type":"offer"}', '{"type":"sing"}', '{"type":"welcome"}'):
        await peer.send_raw(nonsense)
    reasons = [(await peer.expect("reject", number))["reason"] for number in "123456"]
    assert reasons == [
        "language",
        "engine",
        "no_files",
        "not_capable",
        "not_understood",
        "not_understood",
    ]
    await peer.send(type="ping")
    await peer.expect("pong")
    assert peer.count("accept") == 0


async def test_summaries_come_from_the_language_model(gateway, start):
    with OpenAIStandIn(api_key="sk-very-secret") as model:
        settings = {"SAI_LLM_URL": model.url, "SAI_LLM_MODEL": MODEL}
        program = await start("--engine", "none", **settings, SAI_LLM_API_KEY="sk-very-secret")
        peer = await gateway.engine()
        assert peer.hello["capabilities"] == ["summarize"]
        await peer.accepted("s1", kind="summarize", prompt="Sum it up.", text="Anna: Friday.")
        done = await peer.expect("done", "s1")
        asked = model.seen[0].body["messages"]
        assert "Sum it up." in asked[0]["content"]
        assert "Anna: Friday." in asked[1]["content"]
        summary = protocol.read_result("summarize", done["result"])
        assert isinstance(summary, protocol.SummaryResult)
        assert summary.summary

        seen = len(model.seen)
        long_text = "".join(f"Speaker {n}: line number {n} of a long talk.\n" for n in range(1600))
        await peer.accepted("s2", kind="summarize", prompt="Sum it up.", text=long_text)
        await peer.expect("done", "s2")
        parts = [request.body["messages"][1]["content"] for request in model.seen[seen:]]
        assert len(parts) > 2
        whole = "".join(parts[:-1])
        assert all(f"line number {n} of" in whole for n in (0, 799, 1599))
        assert "line number" not in parts[-1]
        tasks = [request.body["messages"][0]["content"] for request in model.seen[seen:]]
        assert ["square brackets" in task for task in tasks] == [*[False] * (len(parts) - 1), True]
    assert "sk-very-secret" not in program.log


async def test_real_words_from_a_real_engine(gateway, start, exchange, tmp_path):
    raw = reading.decode(MEETING / "boris.opus", tmp_path / "boris.s16").paths[0]
    pcm = reading.read_pcm(raw)[: 10 * RATE]
    write_wav(exchange / "source" / "r1" / "boris.wav", pcm)
    await start("--engine", "pocketsphinx", "--exchange", exchange)
    peer = await gateway.engine()
    assert peer.hello["languages"] == ["en"]
    await peer.accepted("r1", **{**ONE, "files": [{"name": "boris.wav", "track": 2}]})
    await peer.expect("done", "r1", within=60)
    result = json.loads((exchange / "result" / "r1" / "result.json").read_text())
    gold = json.loads((MEETING / "gold.json").read_text())["lines"]
    lines = [line for line in gold if line["speaker"] == "Boris" and line["end"] < 10]
    said = plain(" ".join(line["text"] for line in lines))
    heard = plain(" ".join(phrase["text"] for phrase in result["phrases"]))
    assert wer(said, heard) < 0.15
    assert result["language"] == "en"
    assert all(phrase["words"] for phrase in result["phrases"])
    stages = {message["stage"] for message in peer.said if message["type"] == "progress"}
    assert "transcribe" in stages


def plain(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalpha() or sign in " '")


async def test_whisper_in_a_worker_stays_warm_and_hears_a_cancel(gateway, start, exchange):
    """A model of toy size with random weights: nonsense, by the real code."""
    model = tiny_whisper.build(exchange.parent / "toy")
    tone(exchange / "source" / "r1" / "long.wav", seconds=300)
    program = await start(
        *("--engine", "faster-whisper", "--whisper-model", model, "--device", "cpu"),
        *("--exchange", exchange),
    )
    peer = await gateway.engine()
    workers = program.children()
    first = {**ONE, "files": [{**ONE["files"][0], "regions": [[0, 4]]}], "params": {}}
    await peer.accepted("r1", **first)
    await peer.expect("done", "r1", within=60)
    path = exchange / "result" / "r1" / "result.json"
    result = protocol.read_result("transcribe", path.read_bytes())
    assert isinstance(result, protocol.TranscriptionResult)
    assert result.language in (*tiny_whisper.LANGUAGES, "")
    assert result.engine is not None
    assert "toy" in result.engine
    long = [{"name": "long.wav", "track": 9, "regions": [[0, 300]]}]
    await peer.accepted("r2", **{**ONE, "files": long})
    while (await peer.expect("progress", "r2"))["stage"] != "transcribe":
        pass
    await peer.send(type="cancel", request_id="r2", attempt=1)
    assert (await peer.expect("failed", "r2"))["code"] == "cancelled"
    assert program.children() == workers
