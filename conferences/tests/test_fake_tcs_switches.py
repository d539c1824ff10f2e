"""The fake TCS from outside: control over HTTP, the command, TLS, live meetings, load."""

import argparse
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from conferences.fake_tcs import cli, control
from conferences.fake_tcs.faults import KINDS
from conferences.fake_tcs.plans import Plan
from conferences.fake_tcs.server import FakeServer
from conferences.tests.tcs_client import ask, tracks_path

ROOT = Path(__file__).resolve().parents[2]


def _control(tcs: FakeServer, path: str, method: str = "POST", /, **fields: Any) -> httpx2.Response:
    headers = {"x-fake-key": tcs.state.control_key}
    return httpx2.request(method, f"{tcs.url}/_fake/{path}", json=fields, headers=headers)


# -- control ----------------------------------------------------------------------------------


def test_without_the_key_there_is_no_control(tcs: FakeServer) -> None:
    for headers in ({}, {"x-fake-key": "no"}):
        assert httpx2.get(f"{tcs.url}/_fake/state", headers=headers).status_code == 404
        url = f"{tcs.url}/_fake/meetings"
        assert httpx2.post(url, json={}, headers=headers).status_code == 404
    assert not tcs.meetings


def test_meetings_and_faults_are_switched_over_http(tcs: FakeServer) -> None:
    made = _control(tcs, "meetings", topic="From outside", tracks=2, count=3).json()["meetings"]
    assert [one["id"] for one in made] == list(tcs.meetings)
    voices = [
        {"login": "alice", "sound": "alice"},
        {"login": "guest", "name": "Guest", "joined": 5},
    ]
    own = _control(tcs, "meetings", tracks=voices, owner="alice").json()["meetings"][0]
    assert [t["call_id"] for t in own["sessions"][0]["tracks"]] == [
        "alice@tcs.example",
        "guest@tcs.example",
    ]
    fault = _control(tcs, "faults", kind="html_502", times=1, path="*/users").json()
    assert fault["kind"] == "html_502"
    assert ask(tcs).get("/api/v4/users").status_code == 502
    assert ask(tcs).get("/api/v4/users").status_code == 200
    _control(tcs, "faults", kind="cut")
    assert _control(tcs, "faults", "DELETE", kind="cut").json()["on"] == []
    kinds = _control(tcs, "faults", "GET").json()["kinds"]
    assert kinds["cut"]["options"] == {"after": 1000}


def test_wrong_values_are_named(tcs: FakeServer) -> None:
    for path, fields in (
        ("faults", {"kind": "nonsense"}),
        ("faults", {"kind": "cut", "times": 1, "wings": 2}),
        ("faults", {"kind": "delay", "seconds": "long"}),
        ("meetings", {"wings": 2}),
        ("meetings", {"count": 0}),
        ("meetings", {"late": 5}),
        ("meetings", {"tracks": {"alice": 5}}),
        ("meetings", {"sessions": "two"}),
        ("meetings", {"sessions": 0}),
        ("meetings", {"tracks": [{"login": "a", "sound": "/nowhere.opus"}]}),
        ("tokens", {"do": "fly"}),
        ("sign-in", {"user": "nobody"}),
        ("end-meeting", {"meeting": "12"}),
    ):
        answer = _control(tcs, path, **fields)
        assert answer.status_code == 400, path
        assert answer.json()["error"]["errors"][0]["message"]
    assert _control(tcs, "nothing").status_code == 404
    assert not tcs.meetings


def test_tracks_tokens_scopes_and_people_are_switched_over_http(tcs: FakeServer) -> None:
    meeting = tcs.add_meeting(tracks=1)
    client = ask(tcs)
    _control(tcs, "late-track", login="boris", sound="boris")
    rows = client.get(tracks_path(meeting)).json()["list"]
    assert rows[1]["call_id"] == "boris@tcs.example"
    _control(tcs, "track", track="boris", gone=True)
    assert client.get(rows[1]["download_url"]).status_code == 404
    _control(tcs, "sessions", tracks=1)
    assert client.get(tracks_path(meeting, 1)).json()["cnt"] == 1
    _control(tcs, "tokens", do="expire")
    assert client.get("/api/v4/conferences").status_code == 401
    _control(tcs, "app", scopes=["users:read"])
    assert ask(tcs).get("/api/v4/conferences").status_code == 403
    _control(tcs, "sign-in", user="olga")
    asked = {"client_id": tcs.app.client_id, "response_type": "code", "redirect_uri": "http://x/"}
    assert httpx2.get(f"{tcs.url}/oauth2/authorize", params=asked).status_code == 302
    state = _control(tcs, "state", "GET").json()
    assert state["meetings"][0]["id"] == meeting.id
    assert tcs.app.client_secret not in str(state)


def test_a_server_is_dead_for_a_while(tcs: FakeServer) -> None:
    assert _control(tcs, "die", seconds=0.5).json() == {"dead_for": 0.5}
    deadline = time.monotonic() + 5
    died = False
    while time.monotonic() < deadline:
        try:
            httpx2.get(f"{tcs.url}/api/v4/server", timeout=1)
            if died:
                break
        except httpx2.TransportError:
            died = True
        time.sleep(0.02)
    assert died
    assert httpx2.get(f"{tcs.url}/api/v4/server").status_code == 200


# -- a meeting that lives ----------------------------------------------------------------------


def test_a_live_meeting_runs_and_then_ends(tcs: FakeServer) -> None:
    meeting = tcs.add_meeting(live_seconds=0.8)
    client = ask(tcs)

    def one() -> dict[str, Any]:
        return client.get(f"/api/v4/conferences/{meeting.id}").json()["conference"]

    def session() -> dict[str, Any]:
        return client.get(f"/api/v4/conferences/{meeting.id}/sessions").json()["list"][0]

    people = f"/api/v4/conferences/{meeting.id}/participants?is_in_conf=true"
    assert one()["state"] == "running"
    assert session()["stopped_at"] is None
    running = client.get("/api/v4/sessions").json()["conference_sessions"]
    assert [row["conference_id"] for row in running] == [meeting.id]
    assert client.get(people).json()["cnt"] == 3
    assert client.get(tracks_path(meeting)).json()["cnt"] == 0
    deadline = time.monotonic() + 5
    while one()["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    ended = session()
    lasted = datetime.fromisoformat(ended["stopped_at"]) - datetime.fromisoformat(
        ended["started_at"]
    )
    assert lasted.total_seconds() == pytest.approx(111.8, abs=0.2)
    assert client.get("/api/v4/sessions").json() == {"conference_sessions": []}
    assert client.get(people).json()["cnt"] == 0
    assert client.get(tracks_path(meeting)).json()["cnt"] == 3


def test_a_meeting_runs_until_it_is_stopped(tcs: FakeServer) -> None:
    meeting = tcs.add_meeting(tracks=2, live_seconds=0)
    client = ask(tcs)
    people = f"/api/v4/conferences/{meeting.id}/participants"
    assert meeting.is_running
    assert [p["leave_time"] for p in client.get(people).json()["list"]] == [None, None]
    stopped = client.post(f"/api/v4/conferences/{meeting.id}/stop").json()["conference"]
    assert stopped["state"] == "stopped"
    assert all(p["leave_time"] for p in client.get(people).json()["list"])
    assert client.get(tracks_path(meeting)).json()["cnt"] == 2
    other = tcs.add_meeting(tracks=1, live_seconds=0)
    shown = _control(tcs, "end-meeting").json()
    assert (shown["id"], shown["state"]) == (other.id, "stopped")


# -- TLS ---------------------------------------------------------------------------------------


def test_https_is_trusted_by_its_own_certificate_only() -> None:
    with FakeServer(https=True) as tcs:
        url = f"{tcs.url}/api/v4/server"
        context = ssl.create_default_context(cafile=str(tcs.certificate))
        assert httpx2.get(url, verify=context).status_code == 200
        with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx2.get(url)
    assert tcs.certificate is not None
    assert not tcs.certificate.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"certificate_days": -1.0}, "expired"),
        ({"certificate_hosts": ("other.example",)}, "match|not valid"),
    ],
)
def test_a_certificate_can_be_wrong(options: dict[str, Any], words: str) -> None:
    with FakeServer(https=True, **options) as tcs:
        context = ssl.create_default_context(cafile=str(tcs.certificate))
        with pytest.raises(httpx2.ConnectError, match=words):
            httpx2.get(f"{tcs.url}/api/v4/server", verify=context)


# -- the command -------------------------------------------------------------------------------


class Program:
    """`python -m conferences.fake_tcs` as a process of its own."""

    def __init__(self, *arguments: str, port: int = 0) -> None:
        command = [sys.executable, "-X", "importtime", "-m", "conferences.fake_tcs"]
        self.process = subprocess.Popen(
            [*command, "--port", str(port), "--control-key", "key", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=(errors := tempfile.TemporaryFile("w+")),  # noqa: SIM115
            text=True,
        )
        self.errors = errors
        try:
            said = self._said()
        except BaseException:
            self.end(signal.SIGKILL)
            raise
        self.url = re.search(r"address +(\S+)", said)[1]  # type: ignore[index]
        self.app = re.findall(r"client (?:id|secret) +(\S+)", said)

    def _said(self) -> str:
        assert self.process.stdout
        said = ""
        while "Ctrl-C" not in said:
            line = self.process.stdout.readline()
            assert line, f"it ended with {self.process.wait(5)}"
            said += line
        return said

    def control(self, path: str, **fields: Any) -> dict[str, Any]:
        method = "POST" if fields else "GET"
        headers = {"x-fake-key": "key"}
        return httpx2.request(
            method, f"{self.url}/_fake/{path}", json=fields, headers=headers
        ).json()

    def end(self, number: signal.Signals) -> str:
        """What it wrote to stderr."""
        self.process.send_signal(number)
        self.process.communicate(timeout=10)
        with self.errors:
            self.errors.seek(0)
            return self.errors.read()


def test_the_program_runs_without_django(tmp_path: Path) -> None:
    state = tmp_path / "state.yaml"
    declared = {
        "name": "yaml.example",
        "app": {"client_id": "id", "client_secret": "secret", "access_seconds": 60},
        "users": [{"login": "petra", "name": "Petra", "is_admin": True}],
        "meetings": [{"topic": "From a file", "tracks": 2, "language": "ru"}],
        "faults": [{"kind": "slow", "bytes_per_second": 1000}],
    }
    state.write_text(yaml.safe_dump(declared))
    program = Program("--state", str(state))
    try:
        shown = program.control("state")
        assert shown["name"] == "yaml.example"
        assert program.app == ["id", "secret"]
        assert [one["topic"] for one in shown["meetings"]] == ["From a file"]
        assert shown["faults"][0]["options"] == {"bytes_per_second": 1000}
        assert {"login": "petra", "is_admin": True} in shown["users"]
    finally:
        errors = program.end(signal.SIGTERM)
    assert program.process.returncode == 0
    assert "conferences.fake_tcs.cli" in errors
    assert "django" not in errors


def test_a_program_that_is_killed_is_the_same_server_afterwards(tmp_path: Path) -> None:
    keep = ["--keep", str(tmp_path / "kept.json"), "--meetings", "0"]
    first = Program(*keep)
    made = first.control("meetings", tracks=2, sessions=1, late={"person2": 0.01})["meetings"]
    first.end(signal.SIGKILL)
    second = Program(*keep, port=int(first.url.rpartition(":")[2]))
    try:
        assert second.control("state")["meetings"] == made
        assert (second.url, second.app) == (first.url, first.app)
    finally:
        second.end(signal.SIGKILL)


def test_a_killed_server_comes_back_with_all_it_knew(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    with FakeServer(keep=file) as tcs:
        meeting = tcs.add_meeting(sessions=2, video=True, late={"boris": 0.1})
        token, personal = tcs.server_token(), tcs.token_for("olga")
        client = ask(tcs, token)
        told = client.post(f"/api/v4/conferences/{meeting.id}/notify", json={"message": "ready"})
        assert told.status_code == 200
        before = client.get(tracks_path(meeting, 1)).json()["list"]
        listed = client.get("/api/v4/conferences").text
        port, app = tcs.port, tcs.app
    assert file.stat().st_mode & 0o077 == 0
    with FakeServer(keep=file, port=port) as again:
        assert (again.app, again.notified[0].message) == (app, "ready")
        client = ask(again, token)
        assert client.get("/api/v4/conferences").text == listed
        after = client.get(tracks_path(meeting, 1)).json()["list"]
        assert after == before
        assert len(client.get(after[0]["download_url"]).content) == after[0]["size"]
        assert ask(again, personal).get("/api/v4/me").status_code == 200
        again.revoke_tokens("olga")
        assert ask(again, personal).get("/api/v4/me").status_code == 401
        assert again.add_meeting(tracks=1).id != meeting.id
    file.write_text("{}")
    with pytest.raises(ValueError, match="does not hold a fake TCS"):
        FakeServer(keep=file)


def test_a_wrong_option_ends_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.yaml"
    state.write_text("wings: 2\n")
    for arguments in (
        ["--fault", "nonsense"],
        ["--state", str(state)],
        ["--state", str(tmp_path / "none.yaml")],
        ["--tracks", str(tmp_path)],
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main(["--port", "0", *arguments])
        assert ended.value.code == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_documentation_names_every_switch() -> None:
    said = (ROOT / "docs" / "fake-tcs.md").read_text()
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    options = [name for action in parser._actions for name in action.option_strings]
    missing = [
        *(kind for kind in KINDS if f"`{kind}`" not in said),
        *(path for _, path in control.ROUTES if f"/_fake/{path}" not in said),
        *(name for name in options if name.startswith("--") and name not in said),
        *(name for name in Plan.__dataclass_fields__ if name not in said),
    ]
    assert missing == ["--help"]


# -- load --------------------------------------------------------------------------------------


def test_two_hundred_conferences_of_ten_tracks(tcs: FakeServer) -> None:
    """Made at once, listed and downloaded by eight clients; each track has bytes of its own."""
    began = time.perf_counter()
    meetings = tcs.add_meetings(200, tracks=10)
    assert time.perf_counter() - began < 5
    sizes = {t.sound.sha256 for m in meetings for s in m.sessions for t in s.tracks}
    assert len(sizes) == 2_000
    token = tcs.server_token()

    def take(number: int) -> int:
        with ask(tcs, token) as client:
            got = 0
            for meeting in meetings[number : number + 5]:
                for row in client.get(tracks_path(meeting)).json()["list"]:
                    got += len(client.get(row["download_url"]).content) == row["size"]
        return got

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(0, 200, 25))) == 8 * 5 * 10
    with ask(tcs, token) as client:
        body = client.get("/api/v4/conferences?page_size=1000").json()
    assert len(body["conferences"]) == 200


def test_a_port_that_is_taken_or_none_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for port in (str(taken.getsockname()[1]), "99999"):
            with pytest.raises(SystemExit) as ended:
                cli.main(["--port", port])
            assert ended.value.code == 2
            [told] = capsys.readouterr().err.splitlines()
            assert port in told
