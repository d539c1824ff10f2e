"""A client of the promised interfaces, over real sockets."""

from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from notifications.tests.conftest import Server
from recordings import tasks
from recordings.tests import factories, sound

PASSWORD = "a long enough pass phrase"


class Api:
    """One caller, over a real socket."""

    def __init__(self, server: Server, token: str = "") -> None:
        self.root = server.http.removesuffix("/api/v1/events/")
        self.socket = server.socket
        self.session = requests.Session()
        self.token = token
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, status: int, body: Any = None, **more: Any) -> Any:
        answer = self.raw(method, path, json=body, **more)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:500])
        if answer.headers.get("Content-Type", "").startswith("application/json"):
            found = answer.json()
            if status >= 400:
                assert {"code", "message"} <= set(found) <= {"code", "message", "details"}
                assert all(
                    isinstance(found[name], str) and found[name] for name in ("code", "message")
                )
            return found
        assert status in (204, 200, 206), answer.headers
        return answer

    def raw(self, method: str, path: str, **more: Any) -> requests.Response:
        where = path if path.startswith("http") else f"{self.root}{path}"
        if path[0] not in "/h":
            where = f"{self.root}/api/v1/{path}"
        return self.session.request(method, where, timeout=20, **more)


def signed_in(server: Server, name: str, **fields: Any) -> Api:
    if not factories.User.objects.filter(username=name).exists():
        factories.user(name, password=PASSWORD, **fields)
    body = {"username": name, "password": PASSWORD}
    return Api(server, Api(server)("POST", "auth/login/", 200, body)["access"])


def wav(tmp_path: Path, **kinds: float) -> tuple[str, bytes]:
    return ("tone.wav", sound.wav_bytes(tmp_path, **kinds))


def upload(api: Api, status: int, *files: Any, **fields: Any) -> Any:
    return api("POST", "recordings/", status, files=[("file", one) for one in files], data=fields)


def work() -> None:
    while sum(tasks.drain(queue) for queue in ("download", "cpu", "gpu", "llm")):
        pass


def is_time(text: str) -> bool:
    return datetime.fromisoformat(text).tzinfo is not None


def is_list(answer: Any) -> list[Any]:
    assert set(answer) == {"results", "next"}
    return answer["results"]
