"""Runs and their steps in the admin: the queue, readable at a glance."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Avg, Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from common.admin import MachineAdmin, MachineInline, badge_of, failure, go_to, link, linked
from recordings import services
from recordings.admin.filters import LiveFilter, PipelineFilter, StepNameFilter, WaitingFilter
from recordings.admin.words import COLOURS, left, step_name, took, worker_name
from recordings.choices import LIVE_RUN, PASSED, StepStatus
from recordings.models import Run, StepRun, StepSpeed
from recordings.wording import told


def bar(percent: float | None) -> SafeString | str:
    """A progress bar, 0 to 100."""
    if percent is None:
        return "-"
    return render_to_string("admin/recordings/bar.html", {"percent": round(percent)})


class StepColumns:
    """Columns of a step, for its own list and for the page of its run."""

    voice = linked("track", gettext_lazy("track"))

    @display(description=gettext_lazy("step"), ordering="step")
    def what(self, step: StepRun) -> str:
        return step_name(step.step)

    @display(description=gettext_lazy("status"), ordering="status")
    def state(self, step: StepRun) -> SafeString:
        return badge_of(step, "status", COLOURS)

    @display(description=gettext_lazy("tries"), ordering="attempt")
    def tries(self, step: StepRun) -> str:
        parts = [str(step.attempt)]
        if step.failures:
            parts.append(_("%(n)d failed") % {"n": step.failures})
        if step.lost:
            parts.append(_("%(n)d lost") % {"n": step.lost})
        return ", ".join(parts)

    @display(description=gettext_lazy("worker"), ordering="worker")
    def who(self, step: StepRun) -> SafeString | str:
        if not step.worker:
            return "-"
        return format_html('<span title="{}">{}</span>', step.worker, worker_name(step.worker))

    @display(description=gettext_lazy("progress"), ordering="progress")
    def done(self, step: StepRun) -> SafeString | str:
        return bar(step.progress if step.started_at else None)

    @display(description=gettext_lazy("took"))
    def time(self, step: StepRun) -> str:
        running = step.status == StepStatus.RUNNING
        return took(step.started_at, step.finished_at) if step.finished_at or running else "-"

    @display(description=gettext_lazy("lease"), ordering="lease_until")
    def lease(self, step: StepRun) -> str:
        return left(step.lease_until)

    @display(description=gettext_lazy("error, and what to do"))
    def trouble(self, step: StepRun) -> SafeString | str:
        return failure(told(step.error))


class StepInline(StepColumns, MachineInline):
    model = StepRun
    fields = [
        "position",
        "what",
        "voice",
        "state",
        "tries",
        "done",
        "time",
        "who",
        "lease",
        "trouble",
    ]
    readonly_fields = [*fields[1:]]
    per_page = 100

    def get_queryset(self, request: HttpRequest) -> QuerySet[StepRun]:
        rows = super().get_queryset(request).select_related("track").order_by("position", "id")
        return rows.defer("track__regions")


class RunColumns:
    """Columns of a run, for its list and for the page of its recording."""

    @display(description=gettext_lazy("status"), ordering="status")
    def state(self, run: Run) -> SafeString:
        return badge_of(run, "status", COLOURS)

    @display(description=gettext_lazy("steps passed"))
    def steps_done(self, run: Any) -> str:
        return f"{run.steps_passed} / {run.steps_total}"

    @display(description=gettext_lazy("progress"))
    def done(self, run: Any) -> SafeString | str:
        return bar(run.progress if run.status in LIVE_RUN else None)

    @display(description=gettext_lazy("took"))
    def time(self, run: Run) -> str:
        return took(run.created_at, run.finished_at)

    @display(description=gettext_lazy("error, and what to do"))
    def trouble(self, run: Any) -> SafeString | str:
        return failure(told(run.failed_with))


def with_steps(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Each run with what its steps say, asked for the rows of one page only."""
    steps = StepRun.objects.filter(run=OuterRef("pk")).order_by().values("run")
    passed = Count("pk", filter=Q(status__in=sorted(PASSED)))
    failed = StepRun.objects.filter(run=OuterRef("pk"), status=StepStatus.FAILED)
    return runs.annotate(
        steps_total=Subquery(steps.annotate(n=Count("pk")).values("n")),
        steps_passed=Subquery(steps.annotate(n=passed).values("n")),
        progress=Subquery(steps.annotate(n=Avg("progress")).values("n")),
        failed_with=Subquery(failed.values("error")[:1]),
    )


class RunInline(RunColumns, MachineInline):
    model = Run
    fields = ["made", "pipeline", "state", "steps_done", "done", "time", "trouble"]
    readonly_fields = ["made", "state", "steps_done", "done", "time", "trouble"]
    per_page = 10

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return with_steps(super().get_queryset(request)).order_by("-created_at")


@admin.register(Run)
class RunAdmin(RunColumns, MachineAdmin):
    list_display = [
        "short",
        "whose",
        "pipeline",
        "owner",
        "state",
        "steps_done",
        "done",
        "trouble",
        "priority",
        "made",
        "time",
    ]
    list_select_related = ["recording", "owner"]
    list_filter = [
        "status",
        LiveFilter,
        PipelineFilter,
        "priority",
        ("owner", AutocompleteSelectFilter),
        ("created_at", RangeDateTimeFilter),
    ]
    search_fields = ["=id", "=recording__id", "=recording__number", "recording__title"]
    search_help_text = gettext_lazy("Id of the run; title, number or id of the recording")
    ordering = ["-created_at", "-id"]
    date_hierarchy = "created_at"
    actions = ["cancel"]
    actions_detail = ["cancel_one"]
    inlines = [StepInline]
    fields = [
        ("whose", "owner"),
        ("pipeline", "state"),
        ("steps_done", "done"),
        ("priority", "turn"),
        ("made", "finished_at"),
        ("time", "asked_by"),
        "params",
        "trouble",
    ]
    readonly_fields = ["whose", "state", "steps_done", "done", "time", "trouble", "asked_by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return with_steps(super().get_queryset(request))

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """What has ended can't be cancelled."""
        live = Run.objects.filter(pk=object_id, status__in=sorted(LIVE_RUN))
        return super().get_actions_detail(request, object_id) if live.exists() else []

    @display(description=gettext_lazy("run"))
    def short(self, run: Run) -> str:
        return str(run.pk)[:8]

    @display(description=gettext_lazy("recording"))
    def whose(self, run: Run) -> SafeString | str:
        return link(run.recording)

    @display(description=gettext_lazy("asked for by"))
    def asked_by(self, run: Run) -> SafeString | str:
        people = type(run.owner)._default_manager
        return link(people.filter(pk=run.requested_by).first()) if run.requested_by else "-"

    @admin.action(description=gettext_lazy("Cancel the chosen runs"), permissions=["view"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        ended = sum(_cancel(run) for run in queryset.select_related("recording"))
        text = ngettext("%(n)d run was cancelled.", "%(n)d runs were cancelled.", ended)
        messages.success(request, text % {"n": ended})

    @action(
        description=gettext_lazy("Cancel this run"),
        permissions=["view"],
        icon="cancel",
        dialog={
            "title": gettext_lazy("Cancel this run?"),
            "description": gettext_lazy("Engines stop within seconds. The sound stays."),
            "form_class": BaseDialogForm,
            "form_submit_text": gettext_lazy("Cancel the run"),
        },
    )
    def cancel_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        run = Run.objects.select_related("recording").get(pk=object_id)
        if _cancel(run):
            messages.success(request, _("The run was cancelled."))
        else:
            messages.warning(request, _("It has ended already."))
        return go_to(reverse("admin:recordings_run_change", args=[run.pk]))


def _cancel(run: Run) -> bool:
    """A recording has one live run at most, so its cancelling is this run's."""
    return run.status in LIVE_RUN and services.cancel(run.recording)


@admin.register(StepRun)
class StepRunAdmin(StepColumns, MachineAdmin):
    list_display = [
        "what",
        "whose",
        "voice",
        "queue",
        "state",
        "tries",
        "done",
        "time",
        "who",
        "lease",
        "trouble",
    ]
    list_select_related = ["recording", "track"]
    list_filter = ["queue", "status", WaitingFilter, StepNameFilter]
    search_fields = ["=recording__number", "=recording__id", "=run__id", "worker"]
    search_help_text = gettext_lazy("Number or id of the recording, id of the run, worker")
    ordering = ["-id"]
    fields = [
        ("what", "step"),
        ("whose", "journey"),
        ("voice", "queue"),
        ("state", "done"),
        ("tries", "time"),
        ("who", "lease"),
        ("ready_at", "lease_until"),
        ("started_at", "finished_at"),
        ("priority", "turn", "cost"),
        "trouble",
        "error",
    ]
    readonly_fields = ["what", "whose", "state", "done", "tries", "time", "who", "lease", "trouble"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StepRun]:
        return super().get_queryset(request).defer("track__regions")

    journey = linked("run", gettext_lazy("run"))

    @display(description=gettext_lazy("recording"))
    def whose(self, step: StepRun) -> SafeString | str:
        return link(step.recording)


@admin.register(StepSpeed)
class StepSpeedAdmin(MachineAdmin):
    list_display = ["what", "seconds_per_second", "times_faster", "fixed_seconds", "samples"]
    ordering = ["step"]

    @display(description=gettext_lazy("step"), ordering="step")
    def what(self, speed: StepSpeed) -> str:
        return step_name(speed.step)

    @display(description=gettext_lazy("times faster than sound"))
    def times_faster(self, speed: StepSpeed) -> str:
        return f"{1 / speed.seconds_per_second:.1f}" if speed.seconds_per_second else "-"
