"""retention/: the rules, and what they would take away; for administrators."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListCreateAPIView, RetrieveUpdateDestroyAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.api.reading import user_of
from accounts.choices import Action
from accounts.permissions import Administrator
from common.api import NewestFirst, asked
from recordings import origins, retention
from recordings.models import RetentionRule

SHOWN = 200


class InOrder(NewestFirst):
    ordering = "-id"


class RuleShape(serializers.ModelSerializer[RetentionRule]):
    realm_name = serializers.SerializerMethodField(help_text="Of the server, where it is one.")

    class Meta:
        model = RetentionRule
        fields = [
            *("id", "name", "position", "enabled", "realm", "realm_name", "tag", "kind"),
            *("sound_days", "all_days"),
        ]

    def get_realm_name(self, rule: RetentionRule) -> str:
        return origins.realm_names().get(rule.realm, rule.realm)

    def validate_tag(self, tag: str) -> str:
        return tag.strip().lower()

    def validate(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The constraint of the table, said so that it can be mended."""
        sound, everything = (
            fields.get(name, getattr(self.instance, name, None))
            for name in ("sound_days", "all_days")
        )
        if sound is not None and everything is not None and sound > everything:
            raise serializers.ValidationError(
                {"sound_days": _("The sound can't be kept longer than everything.")}
            )
        return fields


class DueShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    title = serializers.CharField()
    action = serializers.ChoiceField(choices=["sound", "trash", "delete"])
    rule = serializers.CharField()
    began = serializers.DateTimeField()


class PreviewShape(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    results = DueShape(many=True, help_text="The oldest 200 of them.")


class PreviewQuery(serializers.Serializer[Any]):
    rule = serializers.IntegerField(required=False)


class Rules(ListCreateAPIView):
    queryset = RetentionRule.objects.all()
    serializer_class = RuleShape
    pagination_class = InOrder
    permission_classes = [Administrator]

    @extend_schema(operation_id="retention_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(operation_id="retention_create")
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A new rule; look at its preview before you enable it."""
        return super().post(request, *args, **kwargs)

    def perform_create(self, serializer: Any) -> None:
        _note(self.request, serializer.save())


class OneRule(RetrieveUpdateDestroyAPIView):
    queryset = RetentionRule.objects.all()
    serializer_class = RuleShape
    permission_classes = [Administrator]
    http_method_names = ["get", "patch", "delete", "head", "options"]

    @extend_schema(operation_id="retention_rule")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(operation_id="retention_change")
    def patch(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().patch(request, *args, **kwargs)

    @extend_schema(operation_id="retention_remove")
    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().delete(request, *args, **kwargs)

    def perform_update(self, serializer: Any) -> None:
        _note(self.request, serializer.save())

    def perform_destroy(self, rule: RetentionRule) -> None:
        _note(self.request, rule, removed=True)
        rule.delete()


class Preview(APIView):
    permission_classes = [Administrator]

    @extend_schema(
        operation_id="retention_preview",
        parameters=[
            OpenApiParameter("rule", int, description="As if this rule were enabled as well.")
        ],
        responses={200: PreviewShape},
    )
    def get(self, request: Request) -> Response:
        """What would be taken away now; nothing is changed."""
        found, total = retention.due(
            limit=SHOWN, with_rule=asked(PreviewQuery, request).get("rule")
        )
        return Response({"total": total, "results": DueShape(found, many=True).data})


def _note(request: Request, rule: RetentionRule, *, removed: bool = False) -> None:
    data = {**RuleShape(rule).data, "removed": removed}
    audit.record(
        user_of(request), Action.CHANGE, "retention_rule", rule.pk, request=request, data=data
    )
