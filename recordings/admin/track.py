"""Tracks in the admin: in their recording's page, and a list of their own."""

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from common.admin import MachineAdmin, MachineInline, badge_of, link
from recordings.admin.words import COLOURS
from recordings.models import Track
from recordings.templatetags.sound import how_long


class TrackColumns:
    """Columns of a track, for its own list and for the page of its recording."""

    @display(description=gettext_lazy("status"))
    def state(self, track: Track) -> SafeString:
        return badge_of(track, "status", COLOURS)

    @display(description=gettext_lazy("length"))
    def length(self, track: Track) -> str:
        return how_long(track.duration)

    @display(description=gettext_lazy("speech"))
    def heard(self, track: Track) -> str:
        return "-" if track.speech is None else how_long(track.speech)


class TrackInline(TrackColumns, MachineInline):
    model = Track
    fields = ["position", "name", "state", "length", "heard", "offset", "format", "stored"]
    readonly_fields = ["state", "length", "heard", "stored"]
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Track]:
        return super().get_queryset(request).select_related("file").defer("regions")

    @display(description=gettext_lazy("file"))
    def stored(self, track: Track) -> SafeString | str:
        return link(track.file, str(track.file_id)[:8])


@admin.register(Track)
class TrackAdmin(TrackColumns, MachineAdmin):
    list_display = ["whose", "position", "name", "state", "length", "heard", "share", "made"]
    list_display_links = ["position", "name"]
    list_select_related = ["recording"]
    list_filter = ["status", ("created_at", RangeDateTimeFilter)]
    search_fields = ["name", "=recording__number", "=recording__id"]
    ordering = ["-id"]
    fields = [
        "whose",
        "position",
        "name",
        "state",
        "format",
        "length",
        "heard",
        "offset",
        "file",
        "made",
        "changed",
    ]
    readonly_fields = ["whose", "state", "length", "heard"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Track]:
        rows = super().get_queryset(request).defer("regions")
        return rows.annotate(speech_share=100 * F("speech") / (F("duration") + 0.001))

    @display(description=gettext_lazy("recording"))
    def whose(self, track: Track) -> SafeString | str:
        return link(track.recording)

    @display(description=gettext_lazy("speech, %"))
    def share(self, track: Any) -> str:
        return "-" if track.speech_share is None else f"{track.speech_share:.0f}"
