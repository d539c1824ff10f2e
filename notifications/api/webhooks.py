"""webhooks/: for administrators."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView, get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.reading import user_of
from accounts.permissions import Administrator
from common.api import NewestFirst, given
from notifications import services
from notifications.api.hook_shapes import (
    ChangeWebhookInput,
    NewWebhookInput,
    NewWebhookOutput,
    ReplayInput,
    ReplayOutput,
    RotateInput,
    WebhookDeliverySerializer,
    WebhookSerializer,
)
from notifications.choices import HookStatus
from notifications.models import Webhook, WebhookDelivery
from notifications.services.webhooks import Made


def _who(request: Request) -> dict[str, Any]:
    return {"by": user_of(request), "request": request}


def _made(made: Made, status: int) -> Response:
    body = {**WebhookSerializer(made.webhook).data, "secret": made.secret}
    return Response(body, status=status)


class Webhooks(ListAPIView[Webhook]):
    permission_classes = [Administrator]
    queryset = Webhook.objects.all()
    serializer_class = WebhookSerializer

    @extend_schema(tags=["webhooks"], operation_id="list_webhooks")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        tags=["webhooks"],
        operation_id="create_webhook",
        request=NewWebhookInput,
        responses={201: NewWebhookOutput},
    )
    def post(self, request: Request) -> Response:
        """The answer's `secret` is shown this once."""
        fields = given(NewWebhookInput, request)
        return _made(services.create_webhook(**fields, **_who(request)), 201)


class HookView(APIView):
    permission_classes = [Administrator]

    def webhook(self, pk: int) -> Webhook:
        return get_object_or_404(Webhook, pk=pk)


class OneWebhook(HookView):
    @extend_schema(tags=["webhooks"], operation_id="show_webhook", responses=WebhookSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(WebhookSerializer(self.webhook(pk)).data)

    @extend_schema(
        tags=["webhooks"],
        operation_id="change_webhook",
        request=ChangeWebhookInput,
        responses=WebhookSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        changes = given(ChangeWebhookInput, request, partial=True)
        row = services.change_webhook(self.webhook(pk), **_who(request), **changes)
        return Response(WebhookSerializer(row).data)

    @extend_schema(tags=["webhooks"], operation_id="delete_webhook", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """With its log."""
        services.delete_webhook(self.webhook(pk), **_who(request))
        return Response(status=204)


class TestWebhook(HookView):
    @extend_schema(
        tags=["webhooks"],
        operation_id="test_webhook",
        request=None,
        responses=WebhookDeliverySerializer,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Sends `webhook.test` now and tells what came of it; also where it is paused."""
        return Response(WebhookDeliverySerializer(services.test_webhook(self.webhook(pk))).data)


class RotateSecret(HookView):
    @extend_schema(
        tags=["webhooks"],
        operation_id="rotate_webhook_secret",
        request=RotateInput,
        responses=NewWebhookOutput,
    )
    def post(self, request: Request, pk: int) -> Response:
        """The answer's `secret` is shown this once."""
        fields = given(RotateInput, request)
        return _made(services.rotate_secret(self.webhook(pk), **fields, **_who(request)), 200)


class ResumeWebhook(HookView):
    @extend_schema(
        tags=["webhooks"],
        operation_id="resume_webhook",
        request=None,
        responses=WebhookSerializer,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Ends a pause; what has happened since is sent now."""
        webhook = self.webhook(pk)
        services.resume_webhook(webhook, **_who(request))
        return Response(WebhookSerializer(webhook).data)


class ReplayWebhook(HookView):
    @extend_schema(
        tags=["webhooks"],
        operation_id="replay_failed_webhook_deliveries",
        request=ReplayInput,
        responses={202: ReplayOutput},
    )
    def post(self, request: Request, pk: int) -> Response:
        """All deliveries that were given up since a time, once more and in their order."""
        fields = given(ReplayInput, request)
        count = services.replay_failed(self.webhook(pk), **fields, **_who(request))
        return Response({"replayed": count}, status=202)


class NewestDeliveries(NewestFirst):
    ordering = "-id"


class Deliveries(ListAPIView[WebhookDelivery]):
    permission_classes = [Administrator]
    queryset = WebhookDelivery.objects.none()
    serializer_class = WebhookDeliverySerializer
    pagination_class = NewestDeliveries

    def get_queryset(self) -> QuerySet[WebhookDelivery]:
        webhook = get_object_or_404(Webhook, pk=self.kwargs["pk"])
        found = webhook.deliveries.all()
        status = self.request.query_params.get("status")
        return found.filter(status=status) if status in HookStatus.values else found

    @extend_schema(
        tags=["webhooks"],
        operation_id="list_webhook_deliveries",
        parameters=[OpenApiParameter("status", str, enum=HookStatus.values)],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The log, newest first."""
        return super().get(request, *args, **kwargs)


class ReplayDelivery(HookView):
    @extend_schema(
        tags=["webhooks"],
        operation_id="replay_webhook_delivery",
        request=None,
        responses={202: WebhookDeliverySerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """This one once more, with the same id; 409 while it is on its way."""
        delivery = get_object_or_404(WebhookDelivery.objects.select_related("webhook"), pk=pk)
        services.replay_one(delivery, **_who(request))
        return Response(WebhookDeliverySerializer(delivery).data, status=202)
