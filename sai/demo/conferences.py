"""From an empty TrueConf Server to participants who were told, with an engine on the wire.

Nothing is faked between the two ends: the server is the fake one that ships with SAI, its OAuth,
its pages of lists, its tracks and its bot are real HTTP and WebSocket.
"""

import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from sai.demo.stage import Failed, Stage, Web, free_port
from sai.launcher.launch import FIRST_TIME_DONE

RUNS = 8
"""Seconds the meeting runs while SAI looks on."""
PATIENCE = 240
PEOPLE = 3
PASSWORD = secrets.token_urlsafe(12)


class Story:
    """The parts of the play, and what the audience is told."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.began = time.monotonic()
        self.control_key = secrets.token_hex(8)
        self.secret = secrets.token_hex(16)
        tcs_port, self.port = free_port(), free_port()
        self.tcs = Web(f"http://127.0.0.1:{tcs_port}", **{"X-Fake-Key": self.control_key})
        self.tcs_port = tcs_port
        self.sai = Web(f"http://127.0.0.1:{self.port}")
        self.var = stage.folder / "var"
        self.environment = {
            "SAI_VAR": str(self.var),
            "SAI_PORT": str(self.port),
            "SAI_PUBLIC_URL": self.sai.root,
            "SAI_ADMIN_PASSWORD": PASSWORD,
            "SAI_STT_ENGINE": "remote",
        }

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)  # noqa: T201

    def start_servers(self) -> None:
        self.stage.start(
            "tcs",
            *("-m", "conferences.fake_tcs", "--port", str(self.tcs_port), "--meetings", "0"),
            *("--client-id", "sai", "--client-secret", self.secret),
            *("--control-key", self.control_key),
            environment={},
        )
        self.var.mkdir(mode=0o700)
        (self.var / FIRST_TIME_DONE).touch()  # without the sample: the stage is the meeting's
        self.stage.start("sai", "-m", "sai.launcher", environment=self.environment)
        self.stage.wait("the fake server", lambda: self.tcs("GET", "/_fake/state"), seconds=20)
        self.say(f"a TrueConf Server without any meeting: {self.tcs.root}")
        self.stage.wait("SAI", lambda: self.sai("GET", "/readyz"), seconds=120)
        login = {"username": "admin", "password": PASSWORD}
        token = self.sai("POST", "/api/v1/auth/login/", login)["access"]
        self.sai.headers["Authorization"] = f"Bearer {token}"
        self.say(f"SAI is ready: {self.sai.root}/ (admin, {PASSWORD})")

    def connect(self) -> None:
        """The server's connection and the engine's token, as an administrator declares them."""
        declared = self.stage.folder / "declared.yaml"
        declared.write_text(
            orjson.dumps(
                {
                    "tokens": [{"name": "engine", "engine": True}],
                    "connections": [
                        {
                            "name": "Demo",
                            "url": self.tcs.root,
                            "client_id": "sai",
                            "client_secret": self.secret,
                            "poll_seconds": 2,
                            "chat_bot_user": "transcription_bot",
                            "chat_bot_password": "transcription_bot-password",
                        }
                    ],
                }
            ).decode()
        )
        applied = orjson.loads(
            self.stage.run("manage.py", "apply", str(declared), environment=self.environment)
        )
        self.say("connected: `manage.py apply` with the server's client id and secret")
        storage = self.var / "fs"
        self.stage.start(
            "engine",
            *("-m", "engines.agent", "--server", f"ws://127.0.0.1:{self.port}/ws/supervisor"),
            *("--id", "demo-engine", "--engine", "pocketsphinx", "--languages", "en"),
            *("--slots", "2", "--exchange", str(storage / "exchange"), "--storage", str(storage)),
            environment={"SAI_ENGINE_TOKEN": applied["tokens"][0]["token"]},
        )
        self.stage.wait("the engine", self._engines, seconds=60)
        self.say("an engine has connected: it offers to hear two tracks at once")

    def meet(self) -> None:
        meeting = {"live_seconds": RUNS, "auto_recognition": True, "topic": "Planning the launch"}
        self.tcs("POST", "/_fake/meetings", meeting)
        self.say(f"a meeting of three begins and will end by itself in {RUNS} s")

    def watch(self) -> dict[str, Any]:
        """Tells what happens until the recording is done: that recording."""
        for event in self._events():
            kind, data = event["type"], event["data"]
            if kind == "recording.created":
                self.say("SAI has found the meeting and brings its tracks")
            elif kind == "step.status" and data["to"] == "done":
                self.say(
                    f"step {data['step'].rpartition('.')[2]}: done (attempt {data['attempt']})"
                )
            elif kind == "recording.status" and data["to"] in ("done", "failed"):
                found: dict[str, Any] = self.sai(
                    "GET", f"/api/v1/recordings/{event['object']['id']}/"
                )
                if found["status"] == "failed":
                    raise Failed(f"the recording failed: {found['error']}")
                return found
        raise Failed(
            f"the meeting was not recognised within {PATIENCE} s; logs: {self.stage.folder}"
        )

    def _events(self) -> Iterator[dict[str, Any]]:
        last, end = 0, time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.sai("GET", f"/api/v1/events/?since={last}&wait=5")
            last = answer["last"]
            yield from answer["events"]

    def show(self, recording: dict[str, Any]) -> None:
        where = f"/api/v1/recordings/{recording['id']}/"
        lines = self.sai("GET", f"{where}transcript/?limit=6")["phrases"]
        self.say(f"recognised: {recording['title']!r}, {recording['duration']:.0f} s; it begins:")
        for line in lines:
            print(f"            {line['start']:6.1f}  {line['speaker']}: {line['text']}")  # noqa: T201
        for summary in self.sai("GET", f"{where}summaries/")["results"][:1]:
            for item in summary["items"][:3]:
                print(f"            *  {item['text']}  (phrases {item['evidence']})")  # noqa: T201

    def see_them_told(self) -> None:
        state = self.stage.wait("the notice", self._told, seconds=60)
        told = sorted(recipients(state))
        self.say(f"participants were told by the Transcription Bot: {', '.join(told)}")
        print(f"            {state['messages'][0]['text']!r}")  # noqa: T201

    def _told(self) -> Any:
        state = self.tcs("GET", "/_fake/state")
        told = recipients(state)
        return state if len(told) == PEOPLE else None

    def _engines(self) -> Any:
        return any(one["connected"] for one in self.sai("GET", "/api/v1/engines/")["results"])


def recipients(state: dict[str, Any]) -> set[str]:
    """Whom the bot has told, by the fake server's own account."""
    return {one["recipient"] for one in state["messages"]}


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="sai-demo-"))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    try:
        with Stage(folder) as stage:
            story = Story(stage)
            story.start_servers()
            story.connect()
            story.meet()
            story.show(story.watch())
            story.see_them_told()
            story.say("that was the whole journey; everything is being put away")
    except Failed as error:
        print(f"demo: {error}")  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted; everything was put away")  # noqa: T201
        shutil.rmtree(folder, ignore_errors=True)
        return 130
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _interrupted(_number: int, _frame: object) -> None:
    """Whoever ends it otherwise than with Ctrl-C leaves no process behind either."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
