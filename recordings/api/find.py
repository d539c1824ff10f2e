"""The recording that a caller asks for, if he may have it."""

import uuid
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Allowed
from common.errors import NotAllowed, NotFound
from recordings import selectors
from recordings.choices import Right
from recordings.models import Recording


class AllowedOrLink(Allowed):
    """Also lets in whoever carries `?link=`, to look; the view then asks `recording`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method in SAFE_METHODS and request.query_params.get("link"):
            return request.auth is None or super().has_permission(request, view)
        return super().has_permission(request, view)


class RecordingView(APIView):
    """A view of one recording. It may be deleted while we look: that is 404 as well."""

    def handle_exception(self, exc: Exception) -> Response:
        gone = isinstance(exc, Recording.DoesNotExist)
        return super().handle_exception(nothing() if gone else exc)


def recording(request: Request | HttpRequest, id: str, right: Right = Right.VIEW) -> Recording:
    """Raises NotFound where he may not see it, NotAllowed where only `right` is missing."""
    found = selectors.open_to(request.user, parse(id), secret=request.GET.get("link", ""))
    if found is None:
        raise nothing()
    if right != Right.VIEW and not selectors.allowed(request.user, found, right):
        raise NotAllowed(
            _("You may see this recording, but not do this with it."), details={"needs": right}
        )
    return found


def parse(id: str) -> uuid.UUID:
    """Raises NotFound for what is no id at all."""
    try:
        return uuid.UUID(id)
    except ValueError:
        raise nothing() from None


def nothing() -> NotFound:
    return NotFound(_("There is nothing here, or you may not see it."))
