"""Callers of the REST door, and what they may leave behind; for tests."""

import io
from pathlib import Path
from typing import Any

from django.test import Client

from accounts import tokens
from accounts.choices import TokenKind
from accounts.models import User
from recordings.models import Recording, StoredFile
from recordings.tests import sound

URL = "/api/v1/recordings/"


def caller(user: User | None = None, *scopes: str) -> Client:
    """A client that carries a token of this person; none, and it is nobody."""
    if user is None:
        return Client()
    text = tokens.make(user, TokenKind.API, "test", scopes)[1]
    return Client(headers={"authorization": f"Bearer {text}"})


def send(client: Client, *files: Any, **fields: Any) -> Any:
    return client.post(URL, {"file": list(files), **fields})


def change(client: Client, url: str, fields: dict[str, Any]) -> Any:
    return client.patch(url, fields, content_type="application/json")


def upload(folder: Path, name: str = "a.wav", **kinds: float) -> io.BytesIO:
    file = io.BytesIO(sound.wav_bytes(folder, **kinds))
    file.name = name
    return file


def body_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def names(folder: Path) -> list[str]:
    """Every file below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def nothing_was_kept(root: Path) -> bool:
    return not (names(root) or Recording.objects.exists() or StoredFile.objects.exists())
