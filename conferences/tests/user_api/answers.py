"""What the stories of the user API ask, and what every answer of it must look like."""

from typing import Any

from django.test import Client

from conferences.fake_tcs.server import FakeServer

URL = "/api/user/v1/"


PAIR = {
    "access_token",
    "access_token_expires_at",
    "refresh_token",
    "refresh_token_expires_at",
}


CARD: dict[str, Any] = {
    "id": int,
    "conference_id": str,
    "session_id": str,
    "display_name": str,
    "duration": float,
    "language": str,
    "transcription_status_id": int,
    "status": str,
    "status_note": str,
    "recognition_progress": int,
    "started_at": str,
    "finished_at": str,
    "created_at": str,
    "recognized_at": (str, type(None)),
    "access_level": str,
    "rights": list,
    "tcs_id": int,
    "transcription_url": str,
    "audio_url": str,
}


LINE = {
    "id": int,
    "transcription_id": int,
    "call_id": str,
    "user_id": int,
    "display_name": str,
    "line": str,
    "start_time": float,
    "end_time": float,
    "language": str,
}


def post(path: str, body: Any, **headers: str) -> Any:
    return Client(headers=headers).post(URL + path, body, content_type="application/json")


def signed_in(fake: FakeServer, login: str, domain: str = "") -> Client:
    answer = post("auth/from-tcs", {"domain": domain or fake.url, "token": fake.token_for(login)})
    assert answer.status_code == 200, answer.content
    return Client(headers={"authorization": f"Bearer {answer.json()['access_token']}"})


def refused(answer: Any, status: int, reason: str) -> str:
    """It is a refusal in the shape of this API; its description."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) - {"details"} == {"code", "description", "reason"}
    assert body["error"]["code"] == status
    assert body["error"]["reason"] == reason
    description = body["error"]["description"]
    assert isinstance(description, str)
    assert description
    return description


def typed(row: dict[str, Any], shape: dict[str, Any]) -> None:
    assert set(row) == set(shape)
    for name, kind in shape.items():
        assert isinstance(row[name], kind), (name, row[name])
        assert not (kind is int and isinstance(row[name], bool)), name


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get(URL + "transcriptions", query)
    assert answer.status_code == 200, answer.content
    return [card["display_name"] for card in answer.json()["transcriptions"]]
