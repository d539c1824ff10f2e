"""Shapes of summaries over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analytics.models import Summary, SummaryItem
from recordings.api.schemas import ProblemShape
from recordings.wording import told


class ItemSerializer(serializers.ModelSerializer):
    evidence = serializers.ListField(child=serializers.IntegerField())

    class Meta:
        model = SummaryItem
        fields = ["text", "evidence", "verified", "problems"]


class SummarySerializer(serializers.ModelSerializer):
    prompt = serializers.CharField(source="prompt.name", default=None, allow_null=True)
    items = ItemSerializer(many=True)
    error = serializers.SerializerMethodField()
    stale = serializers.SerializerMethodField(
        help_text="Words were corrected, or recognised anew, since it was made."
    )

    class Meta:
        model = Summary
        fields = [
            "id",
            "prompt",
            "status",
            "engine",
            "extractive",
            "text",
            "items",
            "coverage",
            "error",
            "stale",
            "created_at",
        ]

    @extend_schema_field(ProblemShape(allow_null=True))
    def get_error(self, summary: Summary) -> dict[str, Any] | None:
        return told(summary.error)

    def get_stale(self, summary: Summary) -> bool:
        return summary.pk in self.context["stale"]


class AskSerializer(serializers.Serializer):
    prompt = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    prompt_text = serializers.CharField(
        max_length=20_000, required=False, default="", allow_blank=True
    )


class SummariesSerializer(serializers.Serializer):
    results = SummarySerializer(many=True)
    next = serializers.URLField(allow_null=True)
