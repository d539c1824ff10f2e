"""What other programs may rely on, asked the way they ask: over HTTP and by the commands.

Names and shapes stand here literally as they are promised; a change here breaks somebody's client.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django import Settings
from websockets.sync.client import connect

from accounts import conf as accounts_conf
from accounts.conf import Rate
from notifications.tests.conftest import Server
from recordings.tests import factories
from tests.contract_client import PASSWORD, Api, is_list, is_time, signed_in, upload, wav, work

pytestmark = pytest.mark.django_db(transaction=True)
SAMPLE: Path = django_settings.SAMPLE_DIR
RECORDING = {
    *("id", "number", "title", "kind", "source", "status", "incomplete", "progress", "queue"),
    *("error", "language", "duration", "started_at", "created_at", "tracks"),
}
TRACK = {"id", "name", "duration", "speech", "status"}
RUN = {"id", "pipeline", "status", "steps"}
STEP = {"step", "track", "status", "attempt", "progress", "error"}
TRANSCRIPT = {"id", "version", "language", "engine", "created_at", "phrases", "next"}
PHRASE = {"id", "speaker", "track", "start", "end", "text", "words"}
WORD = {"word", "start", "end", "confidence"}
SUMMARY = {"id", "prompt", "status", "engine", "text", "items", "coverage"}
EVENT = {"seq", "type", "at", "object", "data"}


@pytest.fixture
def server(settings: Settings, tmp_path: Path, transactional_db: None) -> Iterator[Server]:
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    settings.RECORDINGS = {
        **settings.RECORDINGS,
        "storage": str(tmp_path / "fs"),
        "disk_reserve_bytes": 0,
        "upload_limit_bytes": 2 << 20,
    }
    settings.VAR_DIR = tmp_path / "var"
    settings.RECOGNITION = {**settings.RECOGNITION, "engine": "fake"}
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def ann(server: Server) -> Api:
    return signed_in(server, "ann")


def test_signing_in_and_tokens(server: Server) -> None:
    factories.user("ann", password=PASSWORD)
    nobody = Api(server)
    session = nobody("POST", "auth/login/", 200, {"username": "ann", "password": PASSWORD})
    assert set(session) == {"access", "refresh", "expires_at"}
    assert is_time(session["expires_at"])
    again = nobody("POST", "auth/refresh/", 200, {"refresh": session["refresh"]})
    assert set(again) == {"access", "refresh", "expires_at"}
    ann = Api(server, again["access"])
    assert ann("GET", "me/", 200)["username"] == "ann"
    assert ann("PATCH", "me/", 200, {"first_name": "Ann", "role": "admin"})["role"] == "user"

    made = ann("POST", "tokens/", 201, {"label": "a program", "scopes": ["read"]})
    assert re.fullmatch(r"sai_p_[\w-]{43}", made["token"])
    listed = is_list(ann("GET", "tokens/", 200))
    assert made["id"] in [row["id"] for row in listed]
    assert made["token"] not in json.dumps(listed)
    program = Api(server, made["token"])
    program("GET", "me/", 200)
    program("POST", "tokens/", 403, {"label": "more"})
    ann("DELETE", f"tokens/{made['id']}/", 204)
    program("GET", "me/", 401)

    other = {"current_password": PASSWORD, "new_password": "another pass phrase"}
    ann("POST", "auth/password/", 204, other)
    nobody("POST", "auth/login/", 401, {"username": "ann", "password": PASSWORD})
    ann("POST", "auth/logout/", 204, {})
    ann("GET", "me/", 401)


def test_a_recording_from_its_files_to_its_summary(ann: Api) -> None:
    files = [
        (f"{name}.opus", (SAMPLE / f"{name}.opus").read_bytes()) for name in ("alice", "clara")
    ]
    names = {"track_name": ["Alice", "Clara"], "title": "Weekly", "language": "en"}
    made = upload(ann, 201, *files, kind="meeting", **names)
    assert set(made) == RECORDING
    assert (made["title"], made["kind"], made["status"]) == ("Weekly", "meeting", "processing")
    assert [track["name"] for track in made["tracks"]] == ["Alice", "Clara"]
    assert all(set(track) == TRACK for track in made["tracks"])
    assert set(made["queue"]) == {"position", "eta_s"}
    assert isinstance(made["number"], int)
    assert is_time(made["created_at"])
    assert upload(ann, 200, *files, **names)["id"] == made["id"], "the same bytes again"
    one = f"recordings/{made['id']}/"
    assert ann("POST", f"{one}process/", 409, {})["code"] == "already_running"

    work()

    done = ann("GET", one, 200)
    assert (done["status"], done["progress"], done["queue"], done["error"]) == (
        "done",
        100,
        None,
        None,
    )
    _runs(ann, one)
    _transcript(ann, one)
    _exports(ann, one)
    _sound(ann, one, files[0][1], done["tracks"])
    _summaries(ann, one)
    found = is_list(ann("GET", "search/?q=weekly", 200))
    assert {"recording", "snippet", "start", "rank"} <= set(found[0])
    _again_and_called_back(ann, one)
    changed = ann("PATCH", one, 200, {"title": "Monthly", "language": "ru"})
    assert (changed["title"], changed["language"]) == ("Monthly", "ru")
    ann("DELETE", one, 204)
    ann("GET", one, 404)


def _runs(ann: Api, one: str) -> None:
    run = is_list(ann("GET", f"{one}runs/", 200))[0]
    assert set(run) >= RUN
    assert (run["pipeline"], run["status"]) == ("meeting", "done")
    assert all(set(step) >= STEP for step in run["steps"])
    assert {step["status"] for step in run["steps"]} <= {"done", "skipped"}


def _transcript(ann: Api, one: str) -> None:
    said = ann("GET", f"{one}transcript/?limit=2", 200)
    assert set(said) == TRANSCRIPT
    assert (said["version"], said["language"], len(said["phrases"])) == (1, "en", 2)
    first = said["phrases"][0]
    assert set(first) >= PHRASE
    assert set(first["words"][0]) == WORD
    assert first["speaker"] in ("Alice", "Clara")
    following = ann("GET", said["next"], 200)["phrases"]
    assert following[0]["id"] > said["phrases"][-1]["id"]
    after = ann("GET", f"{one}transcript/?version=1&after={first['id']}&limit=1", 200)
    assert after["phrases"][0]["id"] == said["phrases"][1]["id"]
    ann("GET", f"{one}transcript/?version=9", 404)


def _exports(ann: Api, one: str) -> None:
    begins = {"txt": b"", "srt": b"1\n00:00:", "vtt": b"WEBVTT", "json": b"{", "docx": b"PK"}
    for form, beginning in begins.items():
        file = ann.raw("GET", f"{one}transcript/export/?format={form}")
        assert file.status_code == 200
        assert file.content.lstrip(b"\xef\xbb\xbf").startswith(beginning)
        assert len(file.content) > 50
        assert f".{form}" in file.headers["Content-Disposition"]
    ann("GET", f"{one}transcript/export/?format=exe", 400)


def _sound(ann: Api, one: str, content: bytes, tracks: list[Any]) -> None:
    whole = ann("GET", f"{one}audio/", 200)
    assert whole.content == content
    part = ann("GET", f"{one}audio/?track={tracks[0]['id']}", 206, headers={"Range": "bytes=5-9"})
    assert part.content == content[5:10]
    assert part.headers["Content-Range"] == f"bytes 5-9/{len(content)}"
    ann("GET", f"{one}audio/", 416, headers={"Range": f"bytes={len(content)}-"})
    ann("GET", f"{one}audio/?track={10**9}", 404)


def _summaries(ann: Api, one: str) -> None:
    first = is_list(ann("GET", f"{one}summaries/", 200))[0]
    assert set(first) >= SUMMARY
    assert first["status"] == "ready"
    assert 0 <= first["coverage"] <= 1
    phrases = {row["id"] for row in ann("GET", f"{one}transcript/?limit=2000", 200)["phrases"]}
    for item in first["items"]:
        assert set(item) >= {"text", "evidence", "verified"}
        assert set(item["evidence"]) <= phrases
    asked = ann("POST", f"{one}summaries/", 202, {"prompt_text": "What was decided?"})
    assert asked["status"] == "pending"
    ann("POST", f"{one}summaries/", 409, {})
    work()
    assert is_list(ann("GET", f"{one}summaries/", 200))[0]["id"] == asked["id"]
    assert ann("POST", f"{one}summaries/", 400, {"prompt": "none such"})["code"] == "unknown_prompt"


def _again_and_called_back(ann: Api, one: str) -> None:
    tracks = [ann("GET", one, 200)["tracks"][0]["id"]]
    run = ann("POST", f"{one}process/", 202, {"pipeline": "transcribe", "tracks": tracks})
    assert set(run) >= RUN
    assert run["status"] == "queued"
    for _twice in range(2):  # what was done before is done again
        assert ann("POST", f"{one}cancel/", 202)["status"] == "done"
    statuses = [row["status"] for row in is_list(ann("GET", f"{one}runs/", 200))]
    assert statuses[0] == "cancelled"


def test_lists_filters_and_cursors(ann: Api, tmp_path: Path) -> None:
    for number in range(3):
        file = wav(tmp_path, pitch=300 + number)
        when = f"2026-01-0{number + 1}T10:00:00+03:00"
        more = {"title": f"Talk {number}", "process": "false", "started_at": when}
        upload(ann, 201, file, kind="call" if number == 2 else "upload", **more)

    def titles(query: str) -> list[str]:
        return [row["title"] for row in is_list(ann("GET", f"recordings/?{query}", 200))]

    assert titles("") == ["Talk 2", "Talk 1", "Talk 0"]
    assert titles("kind=call") == ["Talk 2"]
    assert titles("status=ready&q=1") == ["Talk 1"]
    assert titles("status=done") == titles("source=none") == []
    assert titles("started_after=2026-01-02T00:00:00%2B03:00") == ["Talk 2", "Talk 1"]
    assert titles("started_before=2026-01-02T00:00:00%2B03:00") == ["Talk 0"]
    page = ann("GET", "recordings/?limit=2", 200)
    rest = ann("GET", page["next"], 200)
    assert [row["title"] for row in page["results"] + rest["results"]] == titles("")
    assert rest["next"] is None


def test_sharing(server: Server, ann: Api, tmp_path: Path) -> None:
    bob = signed_in(server, "bob")
    one = f"recordings/{upload(ann, 201, wav(tmp_path), process='false')['id']}/"
    bob("GET", one, 404)
    given = ann("POST", f"{one}access/", 201, {"user": "bob", "rights": ["view"]})
    assert {"id", "user", "group", "link", "rights", "expires_at"} <= set(given)
    bob("GET", one, 200)
    bob("PATCH", one, 403, {"title": "mine"})
    assert len(is_list(ann("GET", f"{one}access/", 200))) == 1
    ann("DELETE", f"{one}access/", 204, {"user": "bob"})
    bob("GET", one, 404)
    link = ann("POST", f"{one}access/", 201, {"link": True, "rights": ["view"]})
    nobody = Api(server)
    assert requests.get(f"{ann.root}/{link['url'].split('/', 3)[3]}", timeout=10).status_code == 200
    nobody("GET", f"{one}?link={link['secret']}", 200)
    nobody("GET", one, 401)


def test_every_refusal(server: Server, ann: Api, settings: Settings, tmp_path: Path) -> None:
    guest = signed_in(server, "gast", role="guest")
    upload(guest, 403, wav(tmp_path))
    assert upload(ann, 415, ("page.wav", b"<html><body>no sound</body></html>"))["code"]
    assert upload(ann, 422, wav(tmp_path, seconds=0))["code"]
    assert upload(ann, 413, ("big.wav", b"RIFF" + bytes(4 << 20)))["code"] == "too_large"
    assert upload(ann, 400, ("a.wav", b""), kind="nonsense")["code"] == "invalid"
    upload(ann, 400, wav(tmp_path), pipeline="nonsense")
    ann("POST", "recordings/", 415, {"title": "JSON is no file"})
    ann("GET", "recordings/not-an-id/", 404)
    ann("GET", "nothing/", 404)
    settings.RECORDINGS = {**settings.RECORDINGS, "disk_reserve_bytes": 1 << 60}
    assert upload(ann, 507, wav(tmp_path))["code"] == "storage_full"
    assert upload(ann, 507, wav(tmp_path))["code"] == "storage_full"
    settings.RECORDINGS = {**settings.RECORDINGS, "disk_reserve_bytes": 0}
    again = upload(ann, 201, wav(tmp_path), process="false")  # room was made
    ann("DELETE", f"recordings/{again['id']}/", 204)
    assert is_list(ann("GET", "recordings/", 200)) == []

    settings.ACCOUNTS = {**settings.ACCOUNTS, "api_requests_per_minute": 1}
    answers = [ann.raw("GET", "me/") for _ in range(3)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert set(answers[-1].json()) == {"code", "message", "details"}


def test_guessing_passwords_is_slowed_down(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_conf, "SIGN_IN_BY_PERSON", Rate(rate=1, per_seconds=60, burst=2))
    nobody, wrong = Api(server), {"username": "ann", "password": "wrong"}
    answers = [nobody.raw("POST", "auth/login/", json=wrong) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[2].json()["details"]["wait_seconds"] == int(answers[2].headers["Retry-After"])


def test_events(ann: Api, tmp_path: Path) -> None:
    start = ann("GET", "events/?wait=0", 200)["last"]
    made = upload(ann, 201, wav(tmp_path), pipeline="transcribe")
    work()
    page = ann("GET", f"events/?since={start}&wait=5", 200)
    assert {"events", "last"} <= set(page)
    seen = page["events"]
    assert all(set(event) == EVENT and set(event["object"]) == {"type", "id"} for event in seen)
    assert [event["seq"] for event in seen] == sorted({event["seq"] for event in seen})
    assert is_time(seen[0]["at"])
    kinds = {event["type"] for event in seen}
    assert {"recording.created", "recording.status", "run.status", "step.status"} <= kinds
    changes = [event["data"] for event in seen if event["type"] == "recording.status"]
    assert (changes[0]["from"], changes[0]["to"]) == ("ready", "processing")
    assert ann("GET", f"events/?since={page['last']}&wait=0", 200)["events"] == []
    assert ann("GET", f"events/?since={page['last'] + 10**6}", 200)["reset"] is True

    with ann.raw("GET", f"events/stream?since={start}", stream=True) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        lines = (line.decode() for line in stream.iter_lines() if line.startswith(b"data: "))
        assert json.loads(next(lines).removeprefix("data: ")) == seen[0]

    with connect(ann.socket) as ws:
        ws.send(json.dumps({"op": "auth", "token": ann.token}))
        topics = ["me", f"recording:{made['id']}"]
        ws.send(json.dumps({"op": "subscribe", "topics": topics, "since": start}))
        first = json.loads(ws.recv(timeout=5))
        assert (first["type"], first["seq"]) == ("snapshot", start)
        heard = [json.loads(ws.recv(timeout=5)) for _ in seen]
    assert heard == seen


def test_health(server: Server) -> None:
    api = Api(server)
    assert api("GET", "/healthz", 200)
    parts = api("GET", "/readyz", 200)["parts"]
    assert {"database", "redis", "storage", "sweeper"} <= set(parts)
    assert "sai_recordings" in api("GET", "/metrics", 200).text
    assert api.raw("GET", "/api/schema/").status_code == 200
    assert api.raw("GET", "/api/docs/").status_code == 200


def test_commands(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    factories.user("ann")
    call_command("create_token", user="ann", label="for scripts", scope=["read"], days=1)
    printed = capsys.readouterr().out
    assert re.fullmatch(r"sai_p_[\w-]{43}\n", printed)
    Api(server, printed.strip())("GET", "me/", 200)

    monkeypatch.setenv("PLANTED", PASSWORD)
    file = tmp_path / "sai.yaml"
    file.write_text(
        "users: [{name: carl, role: guest, password: '${PLANTED}'}, {name: dora}]\n"
        "tokens: [{name: t, user: carl, scopes: [read], days: 3}, {name: e, engine: true}]\n"
    )
    call_command("apply", str(file))
    told = json.loads(capsys.readouterr().out)
    assert all({"name", "id", "created"} <= set(row) for rows in told.values() for row in rows)
    assert "password" not in told["users"][0]
    assert told["users"][1]["password"], "one made now can't be read again"
    Api(server, told["tokens"][0]["token"])("GET", "me/", 200)
    call_command("apply", str(file))
    again = json.loads(capsys.readouterr().out)
    assert not any(row["created"] for rows in again.values() for row in rows)

    file.write_text("users: [{name: eve, role: king}, {role: user}]\nnonsense: []\n")
    with pytest.raises(CommandError) as ended:
        call_command("apply", str(file))
    assert ended.value.returncode == 2
    for path in ("users[0].role", "users[1].name", "nonsense"):
        assert path in str(ended.value)
    assert not factories.User.objects.filter(username="eve").exists()


def test_long_poll_hears_at_once(ann: Api, tmp_path: Path) -> None:
    start = ann("GET", "events/", 200)["last"]
    later = threading.Timer(0.5, lambda: upload(ann, 201, wav(tmp_path), process="false"))
    later.start()
    began = time.monotonic()
    page = ann("GET", f"events/?since={start}&wait=10", 200)
    later.join()
    assert page["events"][0]["type"] == "recording.created"
    assert time.monotonic() - began < 5
