"""Conferences and their sessions in the admin."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from accounts.audit import actor_of
from common.admin import (
    BoundedAdmin,
    MachineAdmin,
    MachineInline,
    badge_of,
    explain,
    linked,
    moment,
)
from common.errors import SaiError
from conferences.admin.words import DOWNLOAD, SESSION
from conferences.models import Conference, Participant, RemoteTrack, Session
from conferences.services import joining, tracks
from recordings.models import Recording


class SessionInline(MachineInline):
    model = Session
    fields = ["remote_id", "started_at", "stopped_at", "status", "recording_link"]
    readonly_fields = fields
    recording_link = linked("recording", gettext_lazy("recording"))


class ParticipantInline(MachineInline):
    model = Participant
    fields = ["call_id", "display_name", "role", "left_out", "joined_at", "left_at"]
    readonly_fields = fields


class ConferenceForm(forms.ModelForm):
    class Meta:
        model = Conference
        fields = ["consent"]


@admin.register(Conference)
class ConferenceAdmin(BoundedAdmin):
    form = ConferenceForm
    list_display = ["topic_", "connection", "owner_call_id", "is_running", "consent", "held"]
    list_select_related = ["connection"]
    list_filter = ["connection", "is_running", "consent", ("held_at", RangeDateTimeFilter)]
    search_fields = ["topic", "=remote_id", "owner_call_id"]
    ordering = ["-held_at", "-id"]
    inlines = [SessionInline, ParticipantInline]
    readonly_fields = [
        "topic",
        "connection_link",
        "remote_id",
        "owner_call_id",
        "is_running",
        "auto_recognition",
        "recognition_language",
        "tags",
        "held",
        "seen",
    ]
    fieldsets = [
        (None, {"fields": ["topic", ("connection_link", "remote_id"), "consent"]}),
        (
            gettext_lazy("As its server says"),
            {
                "fields": [
                    ("owner_call_id", "is_running", "held"),
                    ("auto_recognition", "recognition_language", "tags"),
                    "seen",
                ]
            },
        ),
    ]
    connection_link = linked("connection", gettext_lazy("connection"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It would be found again; its recordings can be deleted."""
        return False

    @display(description=gettext_lazy("topic"), ordering="topic")
    def topic_(self, conference: Conference) -> str:
        return str(conference)

    @display(description=gettext_lazy("held"), ordering="held_at")
    def held(self, conference: Conference) -> str:
        return moment(conference.held_at)

    def save_model(self, request: HttpRequest, obj: Conference, form: Any, change: bool) -> None:
        tracks.say_consent(obj, obj.consent, actor=actor_of(request), request=request)


class TrackInline(MachineInline):
    model = RemoteTrack
    fields = ["display_name", "call_id", "state", "size", "bytes_done", "failures"]
    readonly_fields = fields

    @display(description=gettext_lazy("status"))
    def state(self, track: RemoteTrack) -> SafeString:
        return badge_of(track, "status", DOWNLOAD)


@admin.register(Session)
class SessionAdmin(MachineAdmin):
    list_display = ["conference_link", "began", "ended_", "state", "counted", "recording_link"]
    list_select_related = ["conference", "recording"]
    list_filter = ["status", "conference__connection", ("started_at", RangeDateTimeFilter)]
    search_fields = ["conference__topic", "=remote_id"]
    ordering = ["-started_at", "-id"]
    actions = ["join", "retry"]
    inlines = [TrackInline]
    fields = ["conference_link", "remote_id", "state", "began", "ended_", "recording_link"]
    readonly_fields = fields
    conference_link = linked("conference", gettext_lazy("conference"))
    recording_link = linked("recording", gettext_lazy("recording"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        stored = Count("tracks", filter=Q(tracks__status="stored"))
        found = super().get_queryset(request)
        return found.annotate(tracks_total=Count("tracks"), tracks_stored=stored)

    @display(description=gettext_lazy("started"), ordering="started_at")
    def began(self, session: Session) -> str:
        return moment(session.started_at)

    @display(description=gettext_lazy("ended"), ordering="stopped_at")
    def ended_(self, session: Session) -> str:
        return moment(session.stopped_at)

    @display(description=gettext_lazy("status"), ordering="status")
    def state(self, session: Session) -> SafeString:
        return badge_of(session, "status", SESSION)

    @display(description=gettext_lazy("tracks"))
    def counted(self, session: Any) -> str:
        return f"{session.tracks_stored}/{session.tracks_total}"

    @admin.action(description=gettext_lazy("Join into one transcript"), permissions=["view"])
    def join(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        actor = actor_of(request)
        chosen = Recording.objects.filter(sessions__in=queryset.values("pk")).distinct()
        if actor is None:
            return
        try:
            joined = joining.join(chosen, by=actor, request=request)
        except SaiError as error:
            messages.error(request, explain(error))
        else:
            messages.success(request, _("They are one recording now: %(it)s.") % {"it": joined})

    @admin.action(description=gettext_lazy("Try lost tracks again"), permissions=["view"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        lost = RemoteTrack.objects.filter(session__in=queryset.values("pk"))
        count = tracks.retry(lost, actor=actor_of(request), request=request)
        messages.success(request, _("Tracks tried again: %(n)d.") % {"n": count})
