"""Who stands outside of the wall, what he sends, and everything that must stay as it is."""

from dataclasses import dataclass
from typing import Any

import orjson
from django.contrib.auth.models import Group
from django.test import Client

from accounts import tokens
from accounts.choices import TokenKind
from accounts.models import User
from analytics.models import Summary, SummaryItem
from common.sql import ask
from conferences.models import Conference, Participant, RoleRights
from recognition.models import Edit, IndexEntry, Phrase, SpeakerName, Transcript
from recordings.models import Access, Recording, Run, StepRun, StoredFile, Track

FIRST_ID = 7_310_000_001


@dataclass
class Scene:
    owner: User
    recording: Recording
    ids: dict[str, Any]
    """Word of an address -> what stands there."""
    marks: dict[str, bytes]
    """What -> bytes that tell of it."""


def number_from_afar() -> None:
    tables = ("recordings_track", "recordings_access", "recordings_steprun", "analytics_summary")
    for table in (*tables, "recognition_transcript", "recognition_phrase"):
        ask("SELECT setval(pg_get_serial_sequence(%(t)s, 'id'), %(n)s)", t=table, n=FIRST_ID)
    ask("SELECT setval('recordings_number', %(n)s)", n=FIRST_ID + 500)


@dataclass
class Caller:
    client: Client
    signed_in: bool = False


def session(user: User) -> Client:
    """By a header: nothing that an answer says can change the cookie."""
    client = Client()
    client.force_login(user)
    return Client(headers={"cookie": f"sessionid={client.cookies['sessionid'].value}"})


def bearer(user: User | None, kind: str = TokenKind.API, **fields: Any) -> Client:
    text = tokens.make(user, kind, "wall", **fields)[1]
    return Client(headers={"authorization": f"Bearer {text}"})


def body_of(answer: Any) -> bytes:
    if answer.streaming:
        return b"".join(answer.streaming_content)
    return bytes(answer.content)


def send(client: Client, method: str, address: str, body: dict[str, Any]) -> Any:
    if method in ("GET", "HEAD"):
        return client.generic(method, address)
    if address.startswith("/api/v1/") and not address.endswith(("/recordings/", "/upload/")):
        return client.generic(method, address, _json(body), content_type="application/json")
    return client.post(address, body) if method == "POST" else client.generic(method, address)


def _json(body: dict[str, Any]) -> str:
    return orjson.dumps(body).decode()


def state() -> list[Any]:
    kept = (Recording, Track, Access, Run, StepRun, StoredFile, Transcript, Phrase, SpeakerName)
    more = (Summary, SummaryItem, IndexEntry, Edit, User, Group)
    there = (Conference, Participant, RoleRights)
    hidden = {"last_login", "updated_at"}
    return [
        [{k: v for k, v in row.items() if k not in hidden} for row in rows]
        for rows in (model.objects.order_by("pk").values() for model in (*kept, *more, *there))
    ]
