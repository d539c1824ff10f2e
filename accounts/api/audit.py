"""audit/: the trail and its export, for administrators."""

from typing import Any

from django.forms import GenericIPAddressField
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request

from accounts import audit_export, selectors
from accounts.api.reading import user_of
from accounts.api.serializers import AuditSerializer
from accounts.choices import Action
from accounts.models import AuditEntry
from accounts.permissions import Administrator
from common.api import NewestFirst
from common.errors import Invalid


class NewestEntries(NewestFirst):
    ordering = "-id"


class AddressFilter(filters.Filter):
    field_class = GenericIPAddressField


class AuditFilter(filters.FilterSet):
    action = filters.ChoiceFilter(choices=Action)
    after = filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    before = filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")
    address = AddressFilter()

    class Meta:
        model = AuditEntry
        fields = ["actor_id", "actor_name", "object_type", "object_id"]


class Audit(ListAPIView):
    queryset = selectors.audit()
    serializer_class = AuditSerializer
    pagination_class = NewestEntries
    filterset_class = AuditFilter
    permission_classes = [Administrator]

    @extend_schema(tags=["audit"], operation_id="list_audit")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return super().get(request, *args, **kwargs)


class AuditExport(Audit):
    @extend_schema(
        tags=["audit"],
        operation_id="export_audit",
        parameters=[OpenApiParameter("format", str, enum=sorted(audit_export.CONTENT_TYPES))],
        responses={
            (200, kind): OpenApiTypes.BINARY for kind in ("text/csv", "application/x-ndjson")
        },
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """All entries that the filters choose, oldest first, as `csv` (usual) or `jsonl`."""
        form = request.query_params.get("format", "csv")
        if form not in audit_export.CONTENT_TYPES:
            raise Invalid("The format is csv or jsonl.", details={"format": [form]})
        chosen = self.filter_queryset(self.get_queryset())
        return audit_export.answer(chosen, form, actor=user_of(request), request=request)
