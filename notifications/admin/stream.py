"""Events in the admin: to look at, never to change."""

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from common.admin import MachineAdmin
from notifications.models import Event


@admin.register(Event)
class EventAdmin(MachineAdmin):
    list_display = ["seq", "at", "type", "object_type", "object_id", "topic", "data"]
    list_filter = ["type", "object_type", ("at", RangeDateTimeFilter)]
    search_fields = ["=object_id", "=topic"]
    search_help_text = "id, topic"
    ordering = ["-id"]
