"""Rows for tests, made the short way."""

import hashlib
import uuid
from typing import Any

from accounts.models import User
from recordings.models import Recording, StoredFile, Track


def user(name: str = "", **fields: Any) -> User:
    return User.objects.create_user(username=name or f"u{uuid.uuid4().hex[:8]}", **fields)


def recording(owner: User | None = None, *, tracks: int = 1, **fields: Any) -> Recording:
    """A recording whose tracks are stored as rows; their bytes are not on the disk."""
    made = Recording.objects.create(owner=owner or user(), title="A talk", duration=10, **fields)
    for position in range(tracks):
        digest = hashlib.sha256(f"{made.pk}{position}".encode()).hexdigest()
        stored = StoredFile.objects.create(size=1, sha256=digest, content_type="audio/ogg")
        Track.objects.create(
            recording=made, position=position, name=f"Person {position}", file=stored, duration=10
        )
    return made
