"""What all doors of this API share."""

import math
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import BearerAuthentication
from common.errors import NotAllowed, NotFound
from conferences.user_api import problems
from recordings import selectors
from recordings.choices import Right
from recordings.models import Recording

LARGEST = 2**63 - 1


class UserApiView(APIView):
    """Signed in by a bearer token, refused in the shape of this API."""

    authentication_classes = [BearerAuthentication]

    def get_exception_handler(self) -> Any:
        return problems.handle

    def handle_exception(self, exc: Exception) -> Response:
        gone = isinstance(exc, Recording.DoesNotExist)
        return super().handle_exception(nothing() if gone else exc)


class NoSuchAddress(UserApiView):
    """Whatever is not an address of this API, said in its own shape."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound(_("There is no such address."), code="routeNotFound")


def find(request: Request | HttpRequest, number: str, right: Right = Right.VIEW) -> Recording:
    """The recording with this number. NotFound where he may not see it, NotAllowed for less."""
    known = number.isascii() and number.isdigit() and len(number) < 20 and int(number) <= LARGEST
    visible = selectors.visible_to(request.user).select_related("owner")
    found: Recording | None = visible.filter(number=int(number)).first() if known else None
    if found is None:
        raise nothing()
    if right != Right.VIEW and not selectors.allowed(request.user, found, right):
        raise NotAllowed(
            _("You may see this transcription, but not do this with it."), details={"needs": right}
        )
    return found


def nothing() -> NotFound:
    return NotFound(
        _("There is no such transcription, or you may not see it."),
        code="transcription_not_found",
    )


def pages(count: int, size: int) -> int:
    return max(1, math.ceil(count / size))
