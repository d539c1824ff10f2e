"""Recordings in the admin."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Avg, Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.forms import ActionForm, BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.audit import actor_of
from common.admin import (
    BoundedAdmin,
    badge,
    badge_of,
    explain,
    failure,
    go_to,
)
from common.errors import SaiError
from recordings import services
from recordings.admin.access import AccessInline
from recordings.admin.filters import FailureFilter, IncompleteFilter, TrashFilter
from recordings.admin.journey import RunInline
from recordings.admin.track import TrackInline
from recordings.admin.words import COLOURS
from recordings.choices import LIVE_RUN, RecordingStatus
from recordings.models import Recording, Run, Track
from recordings.services import values
from recordings.templatetags.sound import how_long
from recordings.wording import told


def pipelines() -> list[tuple[str, Any]]:
    by_kind = gettext_lazy("as its kind says")
    return [("", by_kind), *((name, name) for name in sorted(settings.PIPELINES))]


class PipelineForm(ActionForm):
    """What to do with the chosen recordings; the pipeline counts for `process` alone."""

    pipeline = forms.ChoiceField(
        label="",
        choices=pipelines,
        required=False,
        widget=UnfoldAdminSelectWidget(
            {"aria-label": gettext_lazy("Pipeline"), "x-show": "action == 'process'"}
        ),
    )


class ProcessDialog(BaseDialogForm):
    pipeline = forms.ChoiceField(
        label=gettext_lazy("Pipeline"),
        choices=pipelines,
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )


class RecordingForm(forms.ModelForm):
    class Meta:
        model = Recording
        fields = ["title", "language"]

    def clean_language(self) -> str:
        try:
            return values.check_language(self.cleaned_data["language"])
        except SaiError as error:
            raise ValidationError(explain(error)) from None


@admin.register(Recording)
class RecordingAdmin(BoundedAdmin):
    form = RecordingForm
    action_form = PipelineForm
    list_display = [
        "number",
        "name",
        "owner",
        "kind",
        "state",
        "length",
        "track_count",
        "trouble",
        "made",
    ]
    list_display_links = ["number", "name"]
    list_select_related = ["owner"]
    list_filter = [
        "status",
        FailureFilter,
        "kind",
        IncompleteFilter,
        TrashFilter,
        "on_hold",
        ("owner", AutocompleteSelectFilter),
        ("created_at", RangeDateTimeFilter),
    ]
    search_fields = ["title", "=number", "=id", "owner__username"]
    search_help_text = gettext_lazy("Title, number, id or the owner's user name")
    ordering = ["-created_at", "-id"]
    date_hierarchy = "created_at"
    actions = ["process", "cancel", "to_trash", "restore", "hold", "release"]
    actions_detail = ["process_one", "cancel_one", "show"]
    inlines = [TrackInline, RunInline, AccessInline]
    readonly_fields = [
        "number",
        "id",
        "owner",
        "kind",
        "source",
        "state",
        "length",
        "trouble",
        "whole",
        "on_hold",
        "tags",
        "trashed_at",
        "started_at",
        "made",
        "changed",
    ]
    fieldsets = [
        (None, {"fields": ["title", "language", ("state", "length"), "trouble"]}),
        (
            gettext_lazy("Origin"),
            {
                "fields": [
                    ("number", "owner"),
                    ("kind", "source"),
                    ("made", "changed"),
                    ("started_at", "whole"),
                    ("on_hold", "tags", "trashed_at"),
                    "id",
                ]
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recording]:
        tracks = Track.objects.filter(recording=OuterRef("pk")).order_by().values("recording")
        live = Run.objects.filter(recording=OuterRef("pk"), status__in=sorted(LIVE_RUN))
        progress = live.order_by().values("pk").annotate(done=Avg("steps__progress"))
        return (
            super()
            .get_queryset(request)
            .annotate(
                tracks_total=Coalesce(Subquery(tracks.annotate(n=Count("pk")).values("n")), 0),
                progress=Subquery(progress.values("done")[:1]),
            )
        )

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Process what rests, cancel what is under way."""
        live = Run.objects.filter(recording=object_id, status__in=sorted(LIVE_RUN)).exists()
        hidden = "process_one" if live else "cancel_one"
        found = super().get_actions_detail(request, object_id)
        return [one for one in found if not one.action_name.endswith(hidden)]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Sound comes in through the pages, the API and the watched folder."""
        return False

    @display(description=gettext_lazy("title"), ordering="title")
    def name(self, recording: Recording) -> str:
        return str(recording)

    @display(description=gettext_lazy("status"), ordering="status")
    def state(self, recording: Any) -> SafeString:
        live = recording.status == RecordingStatus.PROCESSING and recording.progress is not None
        return badge_of(
            recording, "status", COLOURS, more=f"{recording.progress:.0f} %" if live else ""
        )

    @display(description=gettext_lazy("length"), ordering="duration")
    def length(self, recording: Recording) -> str:
        return how_long(recording.duration)

    @display(description=gettext_lazy("tracks"))
    def track_count(self, recording: Any) -> int:
        return int(recording.tracks_total)

    @display(description=gettext_lazy("completeness"))
    def whole(self, recording: Recording) -> SafeString:
        if recording.incomplete:
            return badge(_("A part is missing"), "warning")
        return badge(_("Complete"), "success")

    @display(description=gettext_lazy("error, and what to do"))
    def trouble(self, recording: Recording) -> SafeString | str:
        return failure(told(recording.error))

    def save_model(self, request: HttpRequest, obj: Recording, form: Any, change: bool) -> None:
        stored = Recording.objects.get(pk=obj.pk)
        found = form.cleaned_data
        services.describe(stored, title=found["title"], language=found["language"])

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple:
        """Counted, not listed: a long meeting has thousands of phrases."""
        chosen = list(objs)
        tracks = Track.objects.filter(recording__in=[one.pk for one in chosen]).count()
        counts = {
            str(Recording._meta.verbose_name_plural): len(chosen),
            str(Track._meta.verbose_name_plural): tracks,
        }
        return [str(one) for one in chosen], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: Recording) -> None:
        try:
            services.delete(obj, by=actor_of(request), request=request)
        except SaiError as error:  # under legal hold
            messages.error(request, f"{obj}: {explain(error)}")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Recording]) -> None:
        for recording in queryset:
            self.delete_model(request, recording)

    @admin.action(description=gettext_lazy("Process again"), permissions=["change"])
    def process(self, request: HttpRequest, queryset: QuerySet[Recording]) -> None:
        pipeline = request.POST.get("pipeline") or None
        started = 0
        for recording in queryset:
            started += self._process(request, recording, pipeline)
        if started:
            text = ngettext("%(n)d run has begun.", "%(n)d runs have begun.", started)
            messages.success(request, text % {"n": started})

    @admin.action(description=gettext_lazy("Cancel the work under way"), permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Recording]) -> None:
        ended = sum(services.cancel(recording) for recording in queryset)
        text = ngettext("%(n)d run was cancelled.", "%(n)d runs were cancelled.", ended)
        messages.success(request, text % {"n": ended})

    @admin.action(description=gettext_lazy("Put into the trash"), permissions=["delete"])
    def to_trash(self, request: HttpRequest, queryset: QuerySet[Recording]) -> None:
        self._each(request, queryset, services.trash)

    @admin.action(description=gettext_lazy("Restore from the trash"), permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Recording]) -> None:
        self._each(request, queryset, services.restore)

    @admin.action(description=gettext_lazy("Put under legal hold"), permissions=["change"])
    def hold(self, request: HttpRequest, queryset: QuerySet[Recording]) -> None:
        self._each(request, queryset, partial(services.hold, on=True))

    @admin.action(description=gettext_lazy("End the legal hold"), permissions=["change"])
    def release(self, request: HttpRequest, queryset: QuerySet[Recording]) -> None:
        self._each(request, queryset, partial(services.hold, on=False))

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Recording], change: Callable[..., None]
    ) -> None:
        done = 0
        for recording in queryset:
            try:
                change(recording, by=actor_of(request), request=request)
                done += 1
            except SaiError as error:
                messages.error(request, f"{recording}: {explain(error)}")
        if done:
            text = ngettext("%(n)d recording was changed.", "%(n)d recordings were changed.", done)
            messages.success(request, text % {"n": done})

    @action(
        description=gettext_lazy("Process again"),
        permissions=["change"],
        icon="replay",
        dialog={
            "title": gettext_lazy("Process again"),
            "description": gettext_lazy("What is there stays: every run makes a new version."),
            "form_class": ProcessDialog,
            "form_submit_text": gettext_lazy("Process"),
        },
    )
    def process_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        recording = Recording.objects.get(pk=object_id)
        if self._process(request, recording, form.cleaned_data["pipeline"] or None):
            messages.success(request, _("The run has begun."))
        return _back_to(recording)

    @action(
        description=gettext_lazy("Cancel the work"),
        permissions=["change"],
        icon="cancel",
        dialog={
            "title": gettext_lazy("Cancel the work under way?"),
            "description": gettext_lazy("Engines stop within seconds. The sound stays."),
            "form_class": BaseDialogForm,
            "form_submit_text": gettext_lazy("Cancel the work"),
        },
    )
    def cancel_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        recording = Recording.objects.get(pk=object_id)
        if services.cancel(recording):
            messages.success(request, _("The work was cancelled."))
        else:
            messages.warning(request, _("No work was under way."))
        return _back_to(recording)

    @action(description=gettext_lazy("Listen and read"), icon="play_circle")
    def show(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponse(
            status=302, headers={"Location": reverse("recording", args=[object_id])}
        )

    def _process(self, request: HttpRequest, recording: Recording, pipeline: str | None) -> bool:
        try:
            services.process(recording, pipeline=pipeline, by=actor_of(request))
        except SaiError as error:
            messages.error(request, f"{recording}: {explain(error)}")
            return False
        return True


def _back_to(recording: Recording) -> HttpResponse:
    return go_to(reverse("admin:recordings_recording_change", args=[recording.pk]))
