"""The family of errors SAI raises on purpose, and what each means over HTTP.

* SaiError
  - Invalid          400  what was sent can't be used
  - NotSignedIn      401  nobody is signed in, or the token is no longer good
  - NotAllowed       403  the caller may not do this
  - NotFound         404  it does not exist, or the caller may not know that it does
  - Conflict         409  the object is in the wrong state
  - TooLarge         413  more bytes than we take
  - UnsupportedMedia 415  not sound, or sound in a form we refuse
  - Unprocessable    422  well formed, and still impossible
  - TooMany          429  over a limit; `wait_seconds` says when to come back
  - ExternalError    502  a system outside ours failed; `retryable` says whether to try again
  - Unavailable      503  a part of ours is not there now
  - StorageFull      507  no room; nothing was lost
  - Untranslated     500  raised where no reader is known; told in his language later
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar


class SaiError(Exception):
    """Base of every error a caller may be shown. The message says what to do."""

    status: ClassVar[int] = 400
    code = "error"
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        next_action: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.next_action = next_action
        self.details = dict(details or {})


class Invalid(SaiError):
    code = "invalid"


class NotSignedIn(SaiError):
    status = 401
    code = "not_signed_in"


class NotAllowed(SaiError):
    status = 403
    code = "not_allowed"


class NotFound(SaiError):
    status = 404
    code = "not_found"


class Conflict(SaiError):
    status = 409
    code = "conflict"


class TooLarge(SaiError):
    status = 413
    code = "too_large"


class UnsupportedMedia(SaiError):
    status = 415
    code = "unsupported_media"


class Unprocessable(SaiError):
    status = 422
    code = "unprocessable"


class TooMany(SaiError):
    status = 429
    code = "too_many"

    def __init__(self, message: str, *, wait_seconds: float, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.wait_seconds = wait_seconds


class ExternalError(SaiError):
    status = 502
    code = "external"

    def __init__(self, message: str, *, retryable: bool, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.retryable = retryable


class Unavailable(SaiError):
    status = 503
    code = "unavailable"
    retryable = True


class StorageFull(SaiError):
    status = 507
    code = "storage_full"
    retryable = True


class Untranslated(SaiError):
    """Raised where nobody knows the reader's language: by a worker, by an engine without Django.

    `msgid` and `next_msgid` are English with `%(name)s` places for `details`; `message` and
    `next_action` are the same, filled.
    """

    status = 500
    code = "internal"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool,
        next_action: str = "",
        **details: float | str,
    ) -> None:
        super().__init__(
            message % details, code=code, next_action=next_action % details, details=details
        )
        self.msgid, self.next_msgid = message, next_action
        self.retryable = retryable


def gettext_noop(message: str) -> str:
    """Mark a msgid for `sai.messages` without translating it."""
    return message


def as_stored(error: SaiError) -> dict[str, Any]:
    """An error as a row keeps it: `{"code", "message", "retryable", "next_action"}`.

    `said` holds what it takes to tell it in another language (see `recordings.wording`).
    """
    row: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "retryable": error.retryable,
        "next_action": error.next_action,
    }
    if isinstance(error, Untranslated):
        texts = {"message": error.msgid, "next_action": error.next_msgid}
        row["said"] = {**texts, "details": error.details}
    return row


def describe(error: SaiError) -> dict[str, Any]:
    """An error as the API shows it."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    details = dict(error.details)
    if error.next_action:
        details["next_action"] = error.next_action
    if isinstance(error, TooMany):
        details["wait_seconds"] = math.ceil(error.wait_seconds)
    if details:
        body["details"] = details
    return body
