"""Short-lived addresses of files for engines that don't share our disk: `/engines/files/...`.

The address is the permission: it names one step, one attempt and one file, and it is good only
while that attempt still holds the step.
"""

from dataclasses import dataclass
from uuid import UUID

from django.core import signing

SALT = "recognition.gateway.files"
DOWN_SECONDS = 3600
"""A download begins when an offer was taken, and may have to begin anew."""
UP_SECONDS = 3 * 3600
"""An upload comes at the end of the work."""


@dataclass(frozen=True, slots=True)
class Permission:
    """`file` None: sound may be sent for that step."""

    step: int
    attempt: int
    file: UUID | None = None


def down(step: int, attempt: int, file: UUID, name: str) -> str:
    """The path under which an engine finds a file."""
    return f"/engines/files/{_sign(step, attempt, str(file))}/{name}"


def up(step: int, attempt: int) -> str:
    """The path to which it sends what it made; `{name}` becomes the name."""
    return f"/engines/files/{_sign(step, attempt, '')}/{{name}}"


def _sign(step: int, attempt: int, file: str) -> str:
    return signing.dumps([step, attempt, file], salt=SALT)


def read(text: str) -> Permission | None:
    """What an address allows; None when it is not ours or too old."""
    try:
        step, attempt, file = signing.loads(text, salt=SALT, max_age=UP_SECONDS)
        if file:
            signing.loads(text, salt=SALT, max_age=DOWN_SECONDS)
    except signing.BadSignature:
        return None
    return Permission(step, attempt, UUID(file) if file else None)
