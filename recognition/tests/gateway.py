"""An engine for tests: a plain WebSocket client that says exactly what it is told to say."""

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from accounts import tokens
from accounts.choices import TokenKind
from recordings import services, tasks
from recordings.models import Recording, StepRun
from recordings.tests import factories, sound

HURRIED = {
    "lease_seconds": 1.5,
    "heartbeat_seconds": 0.4,
    "sweep_seconds": 0.5,
    "poll_seconds": 0.5,
    "retry_pace": 0.01,
}


_numbers = itertools.count()


def engine_token() -> str:
    return tokens.make(None, TokenKind.ENGINE, "a test's engine")[1]


class Engine:
    """Connected and welcomed, unless `hello` is None."""

    def __init__(
        self, port: int, token: str, name: str = "one", hello: dict | None = None, **fields: Any
    ) -> None:
        self.socket: ClientConnection = connect(
            f"ws://127.0.0.1:{port}/ws/supervisor",
            additional_headers={"Authorization": f"Bearer {token}"},
            open_timeout=20,
            max_size=1 << 26,
        )
        self.name = name
        self.welcome: dict[str, Any] = {}
        self.fields = fields

    def greet(self, **fields: Any) -> "Engine":
        said = {
            "type": "hello",
            "engine_id": self.name,
            "version": "test",
            "capabilities": ["transcribe", "summarize"],
            "languages": [],
            "slots": 1,
            "holding": [],
            "shared_files": True,
        }
        self.say(**{**said, **self.fields, **fields})
        self.welcome = self.expect("welcome")
        return self

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self, timeout: float = 8) -> dict[str, Any]:
        """The next message that is no ping; TimeoutError when there is none."""
        end = time.monotonic() + timeout
        while True:
            text = self.socket.recv(timeout=max(0.0, end - time.monotonic()))
            message: dict[str, Any] = json.loads(text)
            if message["type"] == "ping":
                self.say(type="pong")
            else:
                return message

    def expect(self, type: str, timeout: float = 8) -> dict[str, Any]:
        message = self.hear(timeout)
        assert message["type"] == type, message
        return message

    def hears_nothing(self, seconds: float) -> bool:
        try:
            message = self.hear(seconds)
        except TimeoutError:
            return True
        raise AssertionError(message)

    def take(self, timeout: float = 8) -> dict[str, Any]:
        """An offer, accepted."""
        offer = self.expect("offer", timeout)
        self.answer(offer, "accept")
        return offer

    def answer(self, offer: dict[str, Any], type: str, **fields: Any) -> None:
        self.say(type=type, request_id=offer["request_id"], attempt=offer["attempt"], **fields)

    def finish(self, offer: dict[str, Any], result: dict[str, Any] | None) -> dict[str, Any]:
        """Its result, and what the gateway says to it."""
        self.answer(offer, "done", **({} if result is None else {"result": result}))
        return self.hear()

    def close_code(self, timeout: float = 8) -> int:
        """Waits for the gateway to close."""
        end = time.monotonic() + timeout
        try:
            while time.monotonic() < end:
                self.socket.recv(timeout=max(0.0, end - time.monotonic()))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
        raise AssertionError("the gateway did not close")

    def vanish(self) -> None:
        """As if its machine had lost power: nobody says goodbye."""
        self.socket.socket.close()

    def close(self) -> None:
        self.socket.close()


def phrases(offer: dict[str, Any], *texts: str) -> dict[str, Any]:
    """A result in which these texts are said, a tenth of a second each."""
    track = offer["files"][0]["track"]
    return {
        "language": "en",
        "engine": "test/1",
        "phrases": [
            {
                "track": track,
                "start": number / 10,
                "end": (number + 1) / 10,
                "text": text,
                "words": [
                    {"word": text, "start": number / 10, "end": (number + 1) / 10, "confidence": 1}
                ],
            }
            for number, text in enumerate(texts)
        ],
    }


PIPELINES = {
    "heard": ["recognition.steps.Transcribe", "recognition.steps.Assemble"],
    "told": ["analytics.steps.Summarise"],
    "upload": ["recognition.steps.Transcribe", "recognition.steps.Assemble"],
}


def recording(folder: Path, *, tracks: int = 1, owner: Any = None, **options: Any) -> Recording:
    """Stored tones of a second, said to be speech, that wait to be heard."""
    unlike = next(_numbers)
    files = [
        services.IncomingFile(
            source=sound.wav(folder / f"{unlike}-{number}.wav", pitch=200 + unlike + 50 * number),
            name=f"{number}.wav",
            track_name=f"Person {number}",
        )
        for number in range(tracks)
    ]
    made, _ = services.receive(owner or factories.user(), files, process=False)
    made.tracks.update(regions=[[0.0, 0.9]], speech=0.9)
    services.process(made, pipeline="heard", **options)
    return made


def finish_locally(recording: Recording) -> Recording:
    """What engines don't do."""
    while sum(tasks.drain(queue) for queue in ("cpu", "llm")):
        pass
    recording.refresh_from_db()
    return recording


def step(recording: Recording, name: str = "Transcribe") -> StepRun:
    return StepRun.objects.get(recording=recording, step__endswith=name)


def until(true: Callable[[], object], seconds: float = 8) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not become true")
