"""Conventions of the REST API: what comes in, errors and pages."""

import math
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import exception_handler as drf_exception_handler

from common.errors import Invalid, SaiError, TooMany, describe

CODES = {
    400: "invalid",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media",
    429: "too_many",
}


class NewestFirst(CursorPagination):
    """Cursor pages, newest first: `{"results", "next"}`."""

    ordering = "-created_at"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """A place in a cursor is compared in the database: one that nobody gave may be no place."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError):
            if self.cursor_query_param not in request.query_params:
                raise
            message = _("This cursor is not one of ours: start again without it.")
            raise Invalid(message, code="bad_cursor") from None

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {"type": "string", "format": "uri", "nullable": True},
            },
        }


def given(shape: type[Serializer], request: Request, **options: Any) -> dict[str, Any]:
    """The checked body; a mistake becomes a 400 with details by field."""
    return _checked(shape(data=request.data, **options))


def asked(shape: type[Serializer], request: Request) -> dict[str, Any]:
    """What the address asks for behind its `?`, checked in the same way."""
    return _checked(shape(data=request.query_params))


def _checked(serializer: Serializer) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal as `{"code", "message", "details"?}`."""
    if isinstance(error, SaiError):
        headers = {}
        if isinstance(error, TooMany):
            headers["Retry-After"] = str(math.ceil(error.wait_seconds))
        if error.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(describe(error), status=error.status, headers=headers)
    answer = drf_exception_handler(error, context)
    if answer is not None:
        answer.data = _body(error, answer)
    return answer


def _body(error: Exception, answer: Response) -> dict[str, Any]:
    code = CODES.get(answer.status_code, "error")
    if isinstance(error, exceptions.ValidationError):
        return {
            "code": "invalid",
            "message": _("Some fields can't be used; see details."),
            "details": error.detail if isinstance(error.detail, dict) else {"": error.detail},
        }
    if isinstance(error, Http404):
        return {"code": code, "message": _("There is nothing here, or you may not see it.")}
    if isinstance(error, PermissionDenied):
        return {"code": code, "message": _("You may not do this.")}
    return {"code": code, "message": str(getattr(error, "detail", error))}
