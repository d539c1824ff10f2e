"""faster-whisper's real code, driven with a toy model: times, languages, cancel, devices."""

import numpy as np
import pytest

from engines import models
from engines.errors import EngineError, EngineUnavailable
from engines.stt.device import Placement, placements
from engines.stt.faster_whisper import FasterWhisper
from engines.stt.registry import get_transcriber
from engines.tests import tiny_whisper
from engines.vad import Region

RATE = 16_000
REGIONS = [Region(3, 8), Region(20, 24), Region(30, 75)]


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    tiny_whisper.build(folder / "toy")
    return folder


@pytest.fixture
def whisper(models_dir):
    return get_transcriber(
        "faster-whisper", whisper_model="toy", models_dir=models_dir, device="cpu", batch_size=2
    )


@pytest.fixture(scope="module")
def pcm():
    return np.random.default_rng(0).normal(0, 0.1, 100 * RATE).astype(np.float32)


def _hear(engine, pcm, *, regions=REGIONS, language="en", check=lambda: None, **options):
    seen: list[float] = []
    heard = engine.transcribe(
        pcm, regions=regions, language=language, on_progress=seen.append, check=check, **options
    )
    return heard, seen


def test_words_and_phrases_lie_inside_the_regions_in_order(whisper, pcm):
    heard, seen = _hear(whisper, pcm)
    assert heard.segments
    assert heard.engine.startswith("faster-whisper toy (cpu, ")
    assert seen[-1] == pytest.approx(54)
    starts = [segment.start for segment in heard.segments]
    assert starts == sorted(starts)
    for segment in heard.segments:
        assert any(region.start <= segment.start <= region.end for region in REGIONS)
        assert any(region.start <= segment.end <= region.end for region in REGIONS)
        assert segment.text == segment.text.strip() != ""
        assert 0 <= segment.confidence <= 1
        for word in segment.words:
            assert segment.start <= word.start <= word.end <= segment.end


def test_int16_is_heard_like_float(whisper, pcm):
    short = [Region(0, 10)]
    whole = np.clip(pcm * 32768, -32768, 32767).astype(np.int16)
    assert (
        _hear(whisper, whole, regions=short)[0]
        == _hear(whisper, whole.astype(np.float32) / 32768, regions=short)[0]
    )


def test_the_language_is_found_or_obeyed(whisper, pcm):
    assert _hear(whisper, pcm, language=None)[0].language in tiny_whisper.LANGUAGES
    told, _ = _hear(whisper, pcm, language="de", hotwords="Zugspitze")
    assert {told.language, *(segment.language for segment in told.segments)} == {"de"}


def test_without_speech_nothing_is_loaded_and_nothing_heard(models_dir, pcm):
    fresh = FasterWhisper(whisper_model="toy", models_dir=models_dir)
    heard, seen = _hear(fresh, pcm, regions=[])
    assert (heard.segments, seen, fresh._loaded) == ((), [], None)


def test_a_cancel_is_heard_between_batches(whisper, pcm):
    class Cancelled(Exception):
        pass

    seen: list[float] = []

    def check():
        if seen:
            raise Cancelled

    with pytest.raises(Cancelled):
        whisper.transcribe(
            pcm, regions=REGIONS, language="en", on_progress=seen.append, check=check
        )
    assert len(seen) == 1
    assert seen[0] < 54


def test_the_model_is_loaded_once_per_process(whisper, models_dir):
    again = get_transcriber(
        "faster-whisper", whisper_model="toy", models_dir=models_dir, device="cpu", batch_size=2
    )
    assert again is whisper
    assert again.warm().model is whisper.warm().model


def test_a_model_by_directory_needs_no_models_dir(models_dir, pcm):
    engine = FasterWhisper(whisper_model=str(models_dir / "toy"), device="cpu")
    assert _hear(engine, pcm, regions=[Region(0, 5)])[0].engine.startswith("faster-whisper toy")


def test_a_missing_model_names_the_command(tmp_path, pcm, monkeypatch):
    monkeypatch.setattr(models, "can_be_fetched", lambda _name: False)
    engine = FasterWhisper(whisper_model="large-v3", models_dir=tmp_path)
    with pytest.raises(EngineUnavailable) as refused:
        _hear(engine, pcm)
    assert refused.value.code == "model_missing"
    assert refused.value.next_action == "Run: python manage.py models download large-v3"
    assert not refused.value.retryable
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_model_says_so(tmp_path, models_dir, pcm):
    broken = tiny_whisper.build(tmp_path / "broken")
    (broken / "model.bin").write_bytes(b"not a model")
    with pytest.raises(EngineUnavailable) as refused:
        _hear(FasterWhisper(whisper_model=str(broken), device="cpu"), pcm)
    assert refused.value.code == "model_does_not_load"


GIB = 1 << 30
BOTH = {"cpu": {"int8", "float32"}, "cuda": {"float16", "int8_float16", "int8", "float32"}}


def _first(**options) -> Placement:
    usual = {
        "device": "auto",
        "compute_type": "auto",
        "model_bytes": 3 * GIB,
        "free_bytes": [],
        "supported": {"cpu": BOTH["cpu"]},
    }
    return placements(**{**usual, **options})[0]


def test_the_device_follows_capability_and_memory():
    gpu = {"supported": BOTH}
    assert _first() == Placement("cpu", 0, "int8")
    assert _first(**gpu, free_bytes=[8 * GIB]) == Placement("cuda", 0, "float16")
    assert _first(**gpu, free_bytes=[2 * GIB, 9 * GIB]) == Placement("cuda", 1, "float16")
    assert _first(**gpu, free_bytes=[4 * GIB]) == Placement("cuda", 0, "int8_float16")
    assert _first(**gpu, free_bytes=[1 * GIB]) == Placement("cpu", 0, "int8")
    assert _first(**gpu, free_bytes=[None]) == Placement("cuda", 0, "float16")


def test_what_is_set_is_obeyed():
    gpu = {"supported": BOTH, "free_bytes": [1 * GIB]}
    assert _first(**gpu, device="cuda").device == "cuda"
    assert _first(**gpu, device="cpu", compute_type="float32").compute_type == "float32"


def test_models_are_listed_whole_or_not(models_dir, tmp_path):
    assert [(m.name, m.complete) for m in models.list_models(models_dir)] == [("toy", True)]
    half = tiny_whisper.build(tmp_path / "half")
    (half / "model.bin").unlink()
    listed = models.list_models(tmp_path)
    assert [(m.name, m.missing) for m in listed] == [("half", ("model.bin",))]
    assert models.find_model("half", tmp_path) is None
    assert models.list_models(tmp_path / "nowhere") == []


def test_an_unknown_model_names_the_known_ones():
    with pytest.raises(EngineError) as refused:
        models.repository_of("gigantic")
    assert refused.value.code == "unknown_model"
    assert "large-v3" in refused.value.next_action
