"""What people were told and how it reached them: to look at. What it says is theirs to read."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from accounts.audit import actor_of
from common.admin import MachineAdmin, badge_of, failure, linked, moment
from notifications import services, subjects
from notifications.choices import DeliveryStatus
from notifications.models import Delivery, Notice

COLOURS: dict[str, str] = {
    DeliveryStatus.WAITING: "warning",
    DeliveryStatus.SENDING: "info",
    DeliveryStatus.SENT: "success",
    DeliveryStatus.FAILED: "danger",
}


@admin.register(Notice)
class NoticeAdmin(MachineAdmin):
    list_display = ["made", "fact", "whom", "object_type", "object_id", "on_page", "seen"]
    list_filter = ["fact", "on_page", ("created_at", RangeDateTimeFilter)]
    list_select_related = ["recipient"]
    search_fields = ["=object_id", "recipient__username"]
    ordering = ["-pk"]
    fields = [*list_display, "key"]
    readonly_fields = fields
    whom = linked("recipient", gettext_lazy("recipient"))

    @display(description=gettext_lazy("read"), ordering="read_at")
    def seen(self, notice: Notice) -> str:
        return moment(notice.read_at)


@admin.register(Delivery)
class DeliveryAdmin(MachineAdmin):
    list_display = ["made", "channel", "whom", "state", "failures", "due", "gone_out", "why"]
    list_filter = ["channel", "status", ("created_at", RangeDateTimeFilter)]
    list_select_related = ["recipient"]
    search_fields = ["recipient__username"]
    ordering = ["-pk"]
    actions = ["send_again"]
    fields = [*list_display, "together", "attempt", "key"]
    readonly_fields = fields
    whom = linked("recipient", gettext_lazy("recipient"))

    @display(description=gettext_lazy("status"), ordering="status")
    def state(self, delivery: Delivery) -> SafeString:
        return badge_of(delivery, "status", COLOURS)

    @display(description=gettext_lazy("not before"), ordering="ready_at")
    def due(self, delivery: Delivery) -> str:
        return moment(delivery.ready_at)

    @display(description=gettext_lazy("sent"), ordering="sent_at")
    def gone_out(self, delivery: Delivery) -> str:
        return moment(delivery.sent_at)

    @display(description=gettext_lazy("error"))
    def why(self, delivery: Delivery) -> SafeString | str:
        return failure(subjects.told(delivery.error))

    @admin.action(description=gettext_lazy("Send what failed again"), permissions=["view"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        count = services.send_again(queryset, by=actor_of(request), request=request)
        messages.success(request, _("Sent again: %(count)d.") % {"count": count})
