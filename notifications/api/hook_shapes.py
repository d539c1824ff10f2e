"""Shapes of webhooks in the API."""

from typing import Any, ClassVar

from rest_framework import serializers

from common.fields import MomentField
from notifications.choices import HookStatus
from notifications.hooks import wording
from notifications.models import Webhook, WebhookDelivery
from notifications.services.webhooks import LONGEST_OVERLAP_HOURS, OVERLAP_HOURS

SECRET = "Signs every message; 16 to 200 characters. Without one it is made."  # noqa: S105


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    paused_because = serializers.SerializerMethodField()

    class Meta:
        model = Webhook
        fields = [
            "id",
            "name",
            "url",
            "events",
            "enabled",
            "failures",
            "paused_at",
            "paused_reason",
            "paused_because",
            "previous_until",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["failures", "paused_at", "paused_reason", "previous_until"]
        extra_kwargs: ClassVar[dict[str, Any]] = {"name": {"validators": []}}

    def get_paused_because(self, webhook: Webhook) -> str:
        return wording.told(webhook.paused_reason)


class NewWebhookInput(WebhookSerializer):
    secret = serializers.CharField(
        required=False, default="", max_length=200, write_only=True, help_text=SECRET
    )

    class Meta(WebhookSerializer.Meta):
        fields = ["name", "url", "events", "secret"]


class NewWebhookOutput(WebhookSerializer):
    secret = serializers.CharField(help_text="Shown this once; empty where it was given.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class ChangeWebhookInput(WebhookSerializer):
    class Meta(WebhookSerializer.Meta):
        fields = ["name", "url", "events", "enabled"]


class RotateInput(serializers.Serializer[Any]):
    secret = serializers.CharField(required=False, default="", max_length=200, help_text=SECRET)
    overlap_hours = serializers.FloatField(
        default=OVERLAP_HOURS,
        min_value=0,
        max_value=LONGEST_OVERLAP_HOURS,
        help_text="For how long messages are signed with both.",
    )


class WebhookDeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    id = serializers.IntegerField()
    delivery = serializers.UUIDField(source="uid", help_text="As in the header SAI-Delivery.")
    next_try = serializers.SerializerMethodField()
    because = serializers.SerializerMethodField()

    class Meta:
        model = WebhookDelivery
        fields = [
            "id",
            "delivery",
            "seq",
            "type",
            "status",
            "failures",
            "status_code",
            "response",
            "duration",
            "error",
            "because",
            "next_try",
            "created_at",
            "finished_at",
        ]

    def get_next_try(self, row: WebhookDelivery) -> str | None:
        return row.ready_at.isoformat() if row.status == HookStatus.WAITING else None

    def get_because(self, row: WebhookDelivery) -> str:
        return wording.told(row.error)


class ReplayInput(serializers.Serializer[Any]):
    since = MomentField(help_text="All that were given up since then.")


class ReplayOutput(serializers.Serializer[Any]):
    replayed = serializers.IntegerField()
