"""Who a recipient is on his server, and what a message to him holds."""

import hashlib

from accounts.models import User
from conferences.choices import ConnectionStatus, Platform
from conferences.models import Identity
from notifications.channels.base import Message


def reached_as(user: User) -> Identity | None:
    """The person of a server that may be asked now; None for everybody else."""
    found = Identity.objects.select_related("connection").filter(user=user).first()
    if found is None or not found.connection.enabled:
        return None
    wrong = found.connection.status in (ConnectionStatus.REJECTED, ConnectionStatus.OFF)
    return None if wrong or found.connection.platform == Platform.FOLDER else found


def text_of(message: Message, *, at_most: int) -> str:
    """What the person reads: the body, the link in any case, and at its end the mark by which a
    message that came twice is known."""
    tail = f"\n{mark_of(message.key)}"
    if message.link and message.link not in message.body:
        tail = f"\n{message.link}{tail}"
    return message.body[: at_most - len(tail)] + tail


def mark_of(key: str) -> str:
    """Short, and the same at every try."""
    return f"[{hashlib.sha256(key.encode()).hexdigest()[:10]}]"
