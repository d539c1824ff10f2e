"""Every refusal of this API as `{"error": {"code", "description", "reason"}}`.

The success answers never have a field `error`: clients look for it.
"""

import math
from http import HTTPStatus
from typing import Any

from rest_framework import exceptions
from rest_framework.response import Response

from common.api import exception_handler
from common.errors import Invalid, TooMany, Unprocessable


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's exception handler for these views.

    What was sent and can't be used is 422; what can't even be read stays 400.
    """
    if isinstance(error, Invalid):
        error = Unprocessable(
            error.message, code=error.code, next_action=error.next_action, details=error.details
        )
    answer = exception_handler(error, context)
    if answer is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        answer.status_code = 422
    said = answer.data if isinstance(answer.data, dict) else {}
    answer.data = body(
        answer.status_code,
        str(said.get("message", "")),
        str(said.get("code", "")),
        dict(said.get("details") or {}),
    )
    if isinstance(error, TooMany):
        answer["Retry-After"] = str(math.ceil(error.wait_seconds))
    return answer


def body(
    status: int, description: str, reason: str, details: dict[str, Any] | None = None
) -> dict[str, Any]:
    """`code` is the HTTP status, `reason` a word for programs, `description` for people."""
    error: dict[str, Any] = {
        "code": int(status),
        "description": description or HTTPStatus(status).phrase,
        "reason": reason or HTTPStatus(status).phrase,
    }
    if details:
        error["details"] = details
    return {"error": error}
