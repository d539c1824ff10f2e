"""The queue of tracks and its settings in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from accounts import audit
from accounts.choices import Action
from common.admin import BoundedAdmin, MachineAdmin, badge_of, failure, linked, moment
from conferences.admin.words import DOWNLOAD
from conferences.models import ConferenceSettings, RemoteTrack
from conferences.services import tracks
from recordings.wording import told


@admin.register(RemoteTrack)
class RemoteTrackAdmin(MachineAdmin):
    list_display = ["name", "connection", "state", "amount", "failures", "next_try", "trouble"]
    list_select_related = ["connection"]
    list_filter = ["status", "connection"]
    search_fields = ["display_name", "call_id", "=remote_id"]
    ordering = ["-id"]
    actions = ["retry"]
    fields = [
        "name",
        "session_link",
        "connection",
        "call_id",
        "remote_id",
        "state",
        "amount",
        "sha256",
        "etag",
        "failures",
        "next_try",
        "trouble",
        "track_link",
    ]
    readonly_fields = fields
    session_link = linked("session", gettext_lazy("session"))
    track_link = linked("track", gettext_lazy("track"))

    @display(description=gettext_lazy("name"), ordering="display_name")
    def name(self, track: RemoteTrack) -> str:
        return str(track)

    @display(description=gettext_lazy("status"), ordering="status")
    def state(self, track: RemoteTrack) -> SafeString:
        return badge_of(track, "status", DOWNLOAD)

    @display(description=gettext_lazy("size"), ordering="size")
    def amount(self, track: RemoteTrack) -> str:
        whole = filesizeformat(track.size) if track.size is not None else "?"
        return f"{filesizeformat(track.bytes_done)} / {whole}"

    @display(description=gettext_lazy("next try"), ordering="ready_at")
    def next_try(self, track: RemoteTrack) -> str:
        return moment(track.ready_at) if track.status == "pending" else "-"

    @display(description=gettext_lazy("error, and what to do"))
    def trouble(self, track: RemoteTrack) -> SafeString | str:
        return failure(told(track.error))

    @admin.action(description=gettext_lazy("Try again"), permissions=["view"])
    def retry(self, request: HttpRequest, queryset: QuerySet[RemoteTrack]) -> None:
        actor = audit.actor_of(request)
        count = tracks.retry(queryset, actor=actor, request=request)
        messages.success(request, _("Tracks tried again: %(n)d.") % {"n": count})


@admin.register(ConferenceSettings)
class ConferenceSettingsAdmin(BoundedAdmin):
    list_display = ["download_workers", "bytes_per_second", "changed"]
    fields = ["download_workers", "bytes_per_second"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not ConferenceSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: ConferenceSettings, form: Any, change: bool
    ) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)
        audit.record(
            audit.actor_of(request),
            Action.CHANGE,
            "download_settings",
            1,
            request=request,
            data={"fields": sorted(form.changed_data)},
        )
