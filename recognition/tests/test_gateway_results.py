"""Results and files of engines are checked before anything is written."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from pytest_django import Settings

from recognition.gateway import outputs, signing
from recognition.models import EngineOutput, EngineRequest, TrackWords
from recognition.tests import gateway
from recognition.tests.conftest import Connect
from recognition.tests.gateway import finish_locally, phrases, recording, step
from recordings import services
from recordings.models import StoredFile
from recordings.tests import sound
from recordings.tests.web import Server

Change = Callable[[dict[str, Any]], Any]


def set_phrase(**fields: Any) -> Change:
    return lambda result: result["phrases"][0].update(fields)


BAD: dict[str, Change] = {
    "no phrases": lambda result: result.pop("phrases"),
    "no language": lambda result: result.pop("language"),
    "foreign track": set_phrase(track=10**9),
    "track of another type": set_phrase(track="one"),
    "after the end": set_phrase(start=1.0, end=2.0),
    "word after the end": set_phrase(words=[{"word": "x", "start": 1, "end": 9}]),
    "backwards": set_phrase(start=0.5, end=0.1),
    "before the beginning": set_phrase(start=-1.0),
    "not a number": set_phrase(end="NaN"),
    "zero character": set_phrase(text="a\0b"),
    "confidence above one": set_phrase(
        words=[{"word": "x", "start": 0, "end": 0, "confidence": 7}]
    ),
    "audio outside": lambda result: result.update(audio={"wav": "../../x.wav"}),
    "audio not there": lambda result: result.update(audio={"wav": "x.wav"}),
}


def test_bad_results_are_refused_with_a_reason_and_tried_again(
    connect: Connect, tmp_path: Path
) -> None:
    engines = [connect(name, slots=20) for name in "ab"]
    for name, change in BAD.items():
        made = recording(tmp_path)
        offer, engine = _offer(engines)
        result = phrases(offer, "bad")
        change(result)
        answer = engine.finish(offer, result)
        assert answer["type"] == "refused", name
        assert answer["reason"], name
        assert "bad" not in answer["reason"], name
        assert not TrackWords.objects.filter(track__recording=made).exists(), name
        request = EngineRequest.objects.get(step=step(made), attempt=1)
        assert request.outcome == "refused"
        services.cancel(made)
        for one in engines:
            _drop_all(one)
    assert not EngineOutput.objects.exists()


def _offer(engines: list[gateway.Engine]) -> tuple[dict[str, Any], gateway.Engine]:
    for _ in range(100):
        for engine in engines:
            try:
                message = engine.hear(0.05)
            except TimeoutError:
                continue
            if message["type"] == "offer":
                engine.answer(message, "accept")
                return message, engine
    raise AssertionError("no offer")


def _drop_all(engine: gateway.Engine) -> None:
    while True:
        try:
            engine.hear(0.02)
        except TimeoutError:
            return


def test_a_bad_result_ends_as_an_error_that_says_so(connect: Connect, tmp_path: Path) -> None:
    engines = [connect(name) for name in "abcd"]
    made = recording(tmp_path)
    for _ in range(4):
        offer, engine = _offer(engines)
        assert engine.finish(offer, {"language": "en"})["type"] == "refused"
    gateway.until(lambda: finish_locally(made).status == "failed")
    assert made.error is not None
    assert made.error["code"] == "bad_result"
    assert "phrases" in made.error["message"]


def test_times_a_frame_behind_the_end_are_drawn_in(connect: Connect, tmp_path: Path) -> None:
    engine = connect()
    made = recording(tmp_path)
    end = made.tracks.get().duration
    offer = engine.take()
    result = phrases(offer, "late")
    result["phrases"][0].update(start=0.0, end=end + 0.3)
    result["phrases"][0]["words"][0].update(start=0.9, end=end + 0.3)
    assert engine.finish(offer, result)["type"] == "accepted"
    (segment,) = TrackWords.objects.get().segments
    assert (segment["end"], segment["words"][0]["end"]) == (end, end)


@pytest.mark.parametrize("trick", ["link", "folder", "pipe", "huge", "folder is a link"])
def test_what_stands_in_the_folder_is_read_only_when_it_is_a_plain_file(
    connect: Connect, tmp_path: Path, exchange: Path, trick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recognition.gateway.results.MOST_BYTES", 4096)
    engine = connect()
    made = recording(tmp_path)
    offer = engine.take()
    folder = exchange / offer["result_dir"]
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "result.json").write_text(json.dumps(phrases(offer, "secret")))
    place = folder / "result.json"
    if trick == "link":
        place.symlink_to(secret / "result.json")
    elif trick == "folder":
        place.mkdir()
    elif trick == "pipe":
        os.mkfifo(place)
    elif trick == "huge":
        place.write_text(json.dumps({**phrases(offer, "x"), "more": "y" * 5000}))
    else:
        folder.rmdir()
        folder.symlink_to(secret)
    assert engine.finish(offer, None)["type"] == "refused"
    assert not TrackWords.objects.filter(track__recording=made).exists()


def test_names_of_people_make_safe_file_names(connect: Connect, tmp_path: Path) -> None:
    engine = connect()
    made = recording(tmp_path)
    services.cancel(made)
    for number, name in enumerate(["../../etc/passwd", "Анна\n\u202eИванова", ".", "ж" * 200]):
        made.tracks.update(name=name)
        if number == 0:
            _drop_all(engine)
        services.process(made, pipeline="heard")
        offer = gateway.until(lambda: _offer_or_none(engine))
        (file,) = offer["files"]
        assert "/" not in file["name"]
        assert file["name"].startswith("01")
        assert len(file["name"].encode()) < 160
        assert file["participant"] == name
        services.cancel(made)
        _drop_all_until_cancel(engine)


def _offer_or_none(engine: gateway.Engine) -> dict[str, Any] | None:
    message = engine.hear()
    return message if message["type"] == "offer" else None


def _drop_all_until_cancel(engine: gateway.Engine) -> None:
    while engine.hear()["type"] != "cancel":
        pass


def test_sound_that_an_engine_made_becomes_a_file_of_the_recording(
    connect: Connect, tmp_path: Path, exchange: Path
) -> None:
    engine = connect()
    made = recording(tmp_path)
    for text in ("first", "second"):
        offer = engine.take()
        sound.wav(exchange / offer["result_dir"] / "mixed.wav", pitch=len(text) * 100)
        body = (exchange / offer["result_dir"] / "mixed.wav").read_bytes()
        result = {**phrases(offer, text), "audio": {"wav": "mixed.wav"}}
        assert engine.finish(offer, result)["type"] == "accepted"
        assert finish_locally(made).status == "done"
        kept = EngineOutput.objects.get()
        assert (kept.recording_id, kept.format, kept.taken) == (made.pk, "wav", True)
        with outputs.files.local_path(kept.file) as path:
            assert path.read_bytes() == body
        if text == "first":
            services.process(made, pipeline="heard")
    assert StoredFile.objects.count() == 2  # the track's, and the newest of the engine


def test_audio_that_is_none_is_refused(connect: Connect, tmp_path: Path, exchange: Path) -> None:
    engine = connect()
    recording(tmp_path)
    offer = engine.take()
    (exchange / offer["result_dir"] / "mixed.mp3").write_text("<script>alert(1)</script>")
    result = {**phrases(offer, "x"), "audio": {"mp3": "mixed.mp3"}}
    assert engine.finish(offer, result)["type"] == "refused"
    assert StoredFile.objects.count() == 1


def test_an_engine_without_the_folder_loads_and_sends_over_signed_addresses(
    connect: Connect, web: Callable[[], Server], tmp_path: Path, settings: Settings
) -> None:
    settings.RECORDINGS = {**settings.RECORDINGS, "upload_limit_bytes": 200_000}
    server, token = web(), gateway.engine_token()
    engine = connect("far", port=server.port, token=token, shared_files=False)
    made = recording(tmp_path)
    offer = engine.take()
    assert (offer["source_dir"], offer["result_dir"]) == ("", "")
    (file,) = offer["files"]
    track = made.tracks.select_related("file").get()
    assert track.file is not None
    http = httpx.Client(base_url=f"http://127.0.0.1:{server.port}")
    whole = http.get(file["url"])
    assert (whole.status_code, len(whole.content)) == (200, track.file.size)
    part = http.get(file["url"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    up = offer["upload_url"]
    assert "{name}" in up
    body = sound.wav_bytes(tmp_path, pitch=99)
    send = lambda name, content: http.put(  # noqa: E731
        up.replace("{name}", name),
        content=content,
        headers={"Content-Type": "application/octet-stream"},
    )
    assert send("mixed.wav", body).status_code == 201
    assert send("mixed.wav", body).status_code == 201  # tried again: the same
    assert send("mixed.exe", body).status_code == 400
    assert send("..%2f..%2fx.wav", body).status_code in (400, 404)
    assert send("other.mp3", body).status_code == 400  # it is no mp3
    assert send("big.wav", body * 20).status_code == 413
    for number in range(outputs.MOST - 1):
        assert send(f"more{number}.wav", body).status_code == 201
    assert send("onemore.wav", body).status_code == 400
    result = {**phrases(offer, "far"), "audio": {"wav": "mixed.wav"}}
    assert engine.finish(offer, result)["type"] == "accepted"
    assert finish_locally(made).status == "done"
    kept = EngineOutput.objects.get(taken=True)
    assert (kept.name, kept.file.size) == ("mixed.wav", len(body))
    # Its attempt is over: the addresses open nothing any more.
    assert http.get(file["url"]).status_code == 403
    assert send("again.wav", body).status_code == 403


def test_addresses_open_one_file_in_one_way_for_a_while(
    connect: Connect, web: Callable[[], Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, token = web(), gateway.engine_token()
    engine = connect("far", port=server.port, token=token, shared_files=False)
    recording(tmp_path)
    offer = engine.take()
    http = httpx.Client(base_url=f"http://127.0.0.1:{server.port}")
    down, up = offer["files"][0]["url"], offer["upload_url"].replace("{name}", "x.wav")
    assert http.get(up).status_code == 403
    assert http.put(down, content=b"x").status_code == 403
    assert http.post(down, content=b"x").status_code == 405
    head, name = down.rsplit("/", 1)
    for forged in (f"{head}x/{name}", f"{head[:-1]}/{name}", f"/engines/files/abc/{name}"):
        assert http.get(forged).status_code == 403
    request = int(offer["request_id"])
    file = StoredFile.objects.get()
    other = signing.down(request, offer["attempt"] + 1, file.pk, name)
    assert http.get(other).status_code == 403
    assert http.get(signing.down(request + 1, 1, file.pk, name)).status_code == 403
    assert http.get(down).status_code == 200
    monkeypatch.setattr(signing, "DOWN_SECONDS", -1)
    assert http.get(down).status_code == 403
