"""notices/ and me/notices/: what a person was told, and how he wants to be told."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.reading import user_of
from common.api import NewestFirst, given
from notifications import selectors, services
from notifications.api.shapes import (
    NoticePreferencesSerializer,
    NoticeSerializer,
    ReadInput,
    ReadOutput,
)
from notifications.choices import PAGE, Fact
from notifications.lines import lines_of
from notifications.models import Notice


class Notices(ListAPIView[Notice]):
    """One's own notices, newest first."""

    queryset = Notice.objects.none()
    serializer_class = NoticeSerializer

    @extend_schema(
        tags=["notices"],
        operation_id="list_notices",
        parameters=[OpenApiParameter("unread", bool, description="Only those not read yet.")],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        found = selectors.notices_of(user_of(request))
        if request.query_params.get("unread") == "true":
            found = found.filter(read_at__isnull=True)
        pages = NewestFirst()
        rows = pages.paginate_queryset(found, request, self)
        lines = NoticeSerializer(lines_of(user_of(request), rows), many=True).data
        return pages.get_paginated_response(lines)


class Read(APIView):
    @extend_schema(
        tags=["notices"], operation_id="read_notices", request=ReadInput, responses=ReadOutput
    )
    def post(self, request: Request) -> Response:
        """Marks notices as read: those named, those up to one, or all. Twice does no harm."""
        user, asked = user_of(request), given(ReadInput, request)
        if "ids" in asked:
            count = services.read_some(user, asked["ids"])
        else:
            count = services.read_all(user, upto=asked.get("upto"))
        return Response({"read": count, "unread": selectors.unread_count(user)})


class Preferences(APIView):
    @extend_schema(
        tags=["notices"],
        operation_id="my_notice_preferences",
        responses=NoticePreferencesSerializer,
    )
    def get(self, request: Request) -> Response:
        """How one is told: channels by fact, quiet hours, digest."""
        return self._answer(request)

    @extend_schema(
        tags=["notices"],
        operation_id="change_my_notice_preferences",
        request=NoticePreferencesSerializer,
        responses=NoticePreferencesSerializer,
    )
    def patch(self, request: Request) -> Response:
        changes = given(NoticePreferencesSerializer, request, partial=True)
        services.change_preferences(user_of(request), **changes)
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        wishes = selectors.preferences_of(user_of(request))
        row: dict[str, Any] = {
            "channels": {fact: selectors.channels_for(wishes, fact) for fact in Fact.values},
            "quiet_from": wishes.quiet_from,
            "quiet_until": wishes.quiet_until,
            "digest": wishes.digest,
            "digest_hour": wishes.digest_hour,
            "time_zone": wishes.time_zone,
            "known_channels": [PAGE, *settings.NOTICE_CHANNELS],
        }
        return Response(NoticePreferencesSerializer(row).data)
