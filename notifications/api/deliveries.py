"""notices/deliveries/: messages on their way, for administrators."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.reading import user_of
from accounts.permissions import Administrator
from common.api import NewestFirst, given
from notifications import services
from notifications.api.shapes import DeliverySerializer, SendAgainInput, SendAgainOutput
from notifications.choices import DeliveryStatus
from notifications.models import Delivery


class NewestMessages(NewestFirst):
    ordering = "-id"


class Messages(ListAPIView[Delivery]):
    permission_classes = [Administrator]
    queryset = Delivery.objects.none()
    serializer_class = DeliverySerializer
    pagination_class = NewestMessages

    def get_queryset(self) -> QuerySet[Delivery]:
        found = Delivery.objects.select_related("recipient")
        asked = self.request.query_params
        if asked.get("status") in DeliveryStatus.values:
            found = found.filter(status=asked["status"])
        channel = asked.get("channel", "").replace("\x00", "")
        return found.filter(channel=channel) if channel else found

    @extend_schema(
        tags=["notices"],
        operation_id="list_notice_deliveries",
        parameters=[
            OpenApiParameter("status", str, enum=DeliveryStatus.values),
            OpenApiParameter("channel", str),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """To whom, by which channel, and why not; newest first."""
        return super().get(request, *args, **kwargs)


class SendAgain(APIView):
    permission_classes = [Administrator]

    @extend_schema(
        tags=["notices"],
        operation_id="send_notices_again",
        request=SendAgainInput,
        responses={202: SendAgainOutput},
    )
    def post(self, request: Request) -> Response:
        """Messages that were given up, once more."""
        asked = given(SendAgainInput, request)
        found = Delivery.objects.all()
        if "ids" in asked:
            found = found.filter(pk__in=asked["ids"])
        else:
            found = found.filter(created_at__gte=asked["since"])
        count = services.send_again(found, by=user_of(request), request=request)
        return Response({"sent_again": count}, status=202)
