"""Asking a fake TCS as a client would: real HTTP."""

from typing import Any
from urllib.parse import quote

import httpx2

from conferences.fake_tcs.server import FakeServer
from conferences.fake_tcs.state import Meeting


def ask(server: FakeServer, token: str = "") -> httpx2.Client:
    """A client with that token, or the application's own."""
    bearer = f"Bearer {token or server.server_token()}"
    return httpx2.Client(base_url=server.url, headers={"authorization": bearer}, timeout=5)


def grant(server: FakeServer, **fields: Any) -> httpx2.Response:
    """The v4 token endpoint with the right client id and secret unless others are given."""
    known = {"client_id": server.app.client_id, "client_secret": server.app.client_secret}
    return httpx2.post(f"{server.url}/api/v4/oauth2/token", json={**known, **fields})


def tracks_path(meeting: Meeting, number: int = 0) -> str:
    session = quote(meeting.sessions[number].id, safe="")
    return f"/api/v4/conferences/{meeting.id}/sessions/{session}/tracks"


def reason(answer: httpx2.Response) -> str:
    return answer.json()["error"]["errors"][0]["reason"]
