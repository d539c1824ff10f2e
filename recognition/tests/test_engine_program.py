"""The gateway and the engine program of this repository, both real, over a real socket."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from pytest_django import Settings

from analytics.models import Summary
from analytics.services.summaries import request_summary
from recognition.models import Engine, EngineOutput, EngineRequest, TrackWords
from recognition.tests import gateway
from recognition.tests.gateway import finish_locally, recording, until
from recordings.models import Recording, StepRun
from recordings.pipeline import leases
from recordings.tests.web import Server
from tests.standins.openai_server import MODEL, OpenAIStandIn

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(web: Callable[[], Server], tmp_path: Path) -> Iterator[Start]:
    """Starts `python -m engines.agent`; the tones of these tests last 0.9 s."""
    port, token = web().port, gateway.engine_token()
    running: list[subprocess.Popen[bytes]] = []

    def begin(name: str, *arguments: object, **environment: str) -> "subprocess.Popen[bytes]":
        with (tmp_path / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "engines.agent", "--engine", "fake", "--id", name),
                    *("--scratch", str(tmp_path / "scratch")),
                    *map(str, arguments),
                ],
                cwd=ROOT,
                stderr=log,
                env={
                    "PATH": os.environ["PATH"],
                    "SAI_SERVER": f"ws://127.0.0.1:{port}",
                    "SAI_ENGINE_TOKEN": token,
                    **environment,
                },
            )
        running.append(process)
        until(partial(Engine.objects.filter(engine_id=name, session__isnull=False).exists), 15)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
    for log in tmp_path.glob("*.log"):
        assert "Traceback" not in log.read_text()
        assert "not understood" not in log.read_text()


def heard(made: Recording) -> int:
    """Tracks with words; whoever asks also sweeps, as every worker does every few seconds."""
    leases.sweep()
    return TrackWords.objects.filter(track__recording=made, engine="fake").count()


def test_with_shared_files(start: Start, tmp_path: Path, exchange: Path) -> None:
    exchange.parent.mkdir(parents=True, exist_ok=True)
    start("near", "--exchange", exchange, "--slots", 2, "--audio", "mp3")
    made = recording(tmp_path, tracks=3)
    until(lambda: heard(made) == 3, 20)
    assert finish_locally(made).status == "done"
    assert set(EngineRequest.objects.values_list("outcome", flat=True)) == {"done"}
    assert StepRun.objects.filter(step__endswith="Transcribe", attempt=1).count() == 3
    assert EngineOutput.objects.filter(taken=True, format="mp3").count() == 3
    assert not list((exchange / "source").iterdir())


def test_over_the_wire(start: Start, tmp_path: Path) -> None:
    start("far", "--audio", "mp3")
    made = recording(tmp_path, tracks=2)
    made.tracks.filter(position=1).update(name="Анна Ы")
    until(lambda: heard(made) == 2, 20)
    assert finish_locally(made).status == "done"
    assert EngineOutput.objects.filter(taken=True, name="mixed.mp3").count() == 2


def test_a_summary_is_written_elsewhere(
    start: Start, tmp_path: Path, settings: Settings, exchange: Path
) -> None:
    settings.PIPELINES = {**settings.PIPELINES, "report": ["analytics.steps.Summarise"]}
    with OpenAIStandIn(api_key="sk-x") as model:
        start(
            "writer",
            SAI_LLM_URL=model.url,
            SAI_LLM_MODEL=MODEL,
            SAI_LLM_API_KEY="sk-x",
        )
        made = recording(tmp_path)
        until(lambda: heard(made) == 1, 20)
        assert finish_locally(made).status == "done"
        asked = request_summary(made)
        until(lambda: Summary.objects.get(pk=asked.pk).status == "ready", 20)
        assert "word1" in model.seen[0].body["messages"][1]["content"]
    written = Summary.objects.get(pk=asked.pk)
    assert written.engine == "engine:writer"
    assert written.items.exists()


def test_a_killed_engine_loses_its_work_to_another(
    start: Start, tmp_path: Path, exchange: Path
) -> None:
    exchange.parent.mkdir(parents=True, exist_ok=True)
    victim = start("victim", "--exchange", exchange, "--speed", "0.05x", "--slots", 2)
    made = recording(tmp_path, tracks=2)
    until(lambda: EngineRequest.objects.filter(accepted_at__isnull=False).count() == 2)
    victim.kill()
    start("heir", "--exchange", exchange, "--slots", 2)
    until(lambda: heard(made) == 2, 20)
    assert finish_locally(made).status == "done"
    assert made.error is None
    winners = EngineRequest.objects.filter(outcome="done")
    assert {one.engine.engine_id for one in winners} == {"heir"}


def test_a_stopped_engine_hands_its_work_back(start: Start, tmp_path: Path, exchange: Path) -> None:
    exchange.parent.mkdir(parents=True, exist_ok=True)
    leaving = start("leaving", "--exchange", exchange, "--speed", "0.05x", "--grace", 0.3)
    made = recording(tmp_path)
    until(lambda: EngineRequest.objects.filter(accepted_at__isnull=False).exists())
    leaving.send_signal(signal.SIGTERM)
    assert leaving.wait(10) == 0
    failed = EngineRequest.objects.get()
    assert (failed.outcome, failed.error["code"]) == ("failed", "engine_stopping")
    start("staying", "--exchange", exchange)
    until(lambda: heard(made) == 1, 20)
    assert finish_locally(made).status == "done"
