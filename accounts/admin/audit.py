"""The audit trail in the admin: read, filtered, exported."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter

from accounts import audit_export
from accounts.models import AuditEntry, User
from common.admin import MachineAdmin
from common.errors import NotAllowed


@admin.register(AuditEntry)
class AuditAdmin(MachineAdmin):
    list_display = ["at", "actor_name", "action", "object_type", "object_id", "address"]
    list_filter = ["action", "object_type", ("at", RangeDateTimeFilter)]
    search_fields = ["actor_name", "object_id"]
    ordering = ["-pk"]
    actions = ["export_csv", "export_jsonl"]

    @admin.action(description=_("Export as CSV"), permissions=["view"])
    def export_csv(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> StreamingHttpResponse:
        return _export(request, queryset, "csv")

    @admin.action(description=_("Export as JSON lines"), permissions=["view"])
    def export_jsonl(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> StreamingHttpResponse:
        return _export(request, queryset, "jsonl")


def _export(
    request: HttpRequest, entries: QuerySet[AuditEntry], form: str
) -> StreamingHttpResponse:
    if not isinstance(request.user, User):
        raise NotAllowed(gettext("This is for people."))
    return audit_export.answer(entries, form, actor=request.user, request=request)
