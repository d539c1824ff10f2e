"""Shapes of notices and of a person's wishes in the API."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.fields import MomentField
from notifications import subjects
from notifications.choices import Digest, Fact
from notifications.models import Delivery


class NoticeObjectSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    id = serializers.CharField()


class NoticeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    fact = serializers.ChoiceField(choices=Fact.choices)
    text = serializers.CharField(help_text="One line, in the language of the request.")
    explanation = serializers.CharField(help_text="Who, why, and what to do; may be empty.")
    object = NoticeObjectSerializer(
        allow_null=True, help_text="Null: it is gone, or may not be seen any more."
    )
    path = serializers.CharField(help_text="Of its page; empty where there is none.")
    created_at = serializers.DateTimeField()
    read = serializers.BooleanField()


class ReadInput(serializers.Serializer[Any]):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        max_length=1000,
    )
    upto = serializers.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        required=False,
        help_text="All of one's own up to this id; neither: all there are.",
    )


class ReadOutput(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were new.")
    unread = serializers.IntegerField(help_text="How many are left.")


class NoticePreferencesSerializer(serializers.Serializer[Any]):
    """PATCH changes what is sent and leaves the rest."""

    channels = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=20), max_length=20),
        help_text="Fact -> names of channels. Facts that are not sent stay as they are.",
    )
    quiet_from = serializers.TimeField(allow_null=True)
    quiet_until = serializers.TimeField(allow_null=True)
    digest = serializers.ChoiceField(choices=Digest.choices)
    digest_hour = serializers.IntegerField(min_value=0, max_value=23)
    time_zone = serializers.CharField(
        allow_blank=True, max_length=60, help_text="Empty: the installation's."
    )
    known_channels = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="Names that may be chosen."
    )


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """A message on its way. What it says is its reader's; `error` says why it did not arrive."""

    user = serializers.CharField(source="recipient.username")
    error = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            "id",
            "user",
            "channel",
            "status",
            "failures",
            "ready_at",
            "error",
            "sent_at",
            "created_at",
        ]

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_error(self, row: Delivery) -> dict[str, Any] | None:
        return subjects.told(row.error)


class SendAgainInput(serializers.Serializer[Any]):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        max_length=1000,
    )
    since = MomentField(required=False, help_text="All that were given up since then.")

    def validate(self, found: dict[str, Any]) -> dict[str, Any]:
        if len(found) != 1:
            raise serializers.ValidationError(_("Say either “ids” or “since”."))
        return found


class SendAgainOutput(serializers.Serializer[Any]):
    sent_again = serializers.IntegerField()
