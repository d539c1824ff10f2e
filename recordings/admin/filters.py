"""Filters that answer an administrator's questions; the dashboard links to them."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from recordings.choices import RecordingStatus, RunStatus, StepStatus

DAY = dt.timedelta(days=1)


class FailureFilter(admin.SimpleListFilter):
    """Recordings that failed lately: `?failed=day`, and `?failed=day:truncated` by code."""

    title = _("failed")
    parameter_name = "failed"
    PERIODS = {"hour": DAY / 24, "day": DAY, "week": 7 * DAY}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        known = [("hour", _("Last hour")), ("day", _("Last 24 hours")), ("week", _("Last week"))]
        period, colon, code = (self.used_parameters.get(self.parameter_name) or "").partition(":")
        return [*known, (f"{period}:{code}", code)] if colon else known

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        period, colon, code = (self.value() or "").partition(":")
        if period not in self.PERIODS:
            return None
        found = queryset.filter(
            status=RecordingStatus.FAILED, updated_at__gte=Now() - self.PERIODS[period]
        )
        return found.filter(error__code=code) if colon else found


class TrashFilter(admin.SimpleListFilter):
    """Without a choice the list shows what is not in the trash."""

    title = _("trash")
    parameter_name = "trash"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("only", _("In the trash")), ("too", _("All"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        if self.value() == "too":
            return None
        return queryset.filter(trashed_at__isnull=self.value() != "only")


class IncompleteFilter(admin.SimpleListFilter):
    title = _("incomplete")
    parameter_name = "incomplete"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("A part is missing"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        return queryset.filter(incomplete=True) if self.value() else None


class PipelineFilter(admin.SimpleListFilter):
    title = _("pipeline")
    parameter_name = "pipeline"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, name) for name in sorted(settings.PIPELINES)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        return queryset.filter(pipeline=self.value()) if self.value() else None


class WaitingFilter(admin.SimpleListFilter):
    """What holds a step, told apart more finely than its status does."""

    title = _("what it waits for")
    parameter_name = "waits"
    CONDITIONS = {
        "worker": Q(status=StepStatus.PENDING, ready_at__lte=Now()),
        "retry": Q(status=StepStatus.PENDING, ready_at__gt=Now()),
        "earlier": Q(status=StepStatus.PENDING, ready_at__isnull=True),
        "sweep": Q(status=StepStatus.RUNNING, lease_until__lt=Now()),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("worker", _("A free worker")),
            ("retry", _("Its next try")),
            ("earlier", _("Earlier steps")),
            ("sweep", _("The sweep: its lease is over")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        condition = self.CONDITIONS.get(self.value() or "")
        return None if condition is None else queryset.filter(condition)


class StepNameFilter(admin.SimpleListFilter):
    title = _("step")
    parameter_name = "step"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        names = {name for pipeline in settings.PIPELINES.values() for name in pipeline}
        return sorted((name, name.rpartition(".")[2]) for name in names)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        return queryset.filter(step=self.value()) if self.value() else None


class LiveFilter(admin.SimpleListFilter):
    """Runs under way, or those that needed more than one try somewhere."""

    title = _("life")
    parameter_name = "life"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("live", _("Queued or running")), ("bumpy", _("With failed or lost tries"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        if self.value() == "live":
            return queryset.filter(status__in=[RunStatus.QUEUED, RunStatus.RUNNING])
        if self.value() == "bumpy":
            bumpy = Q(steps__failures__gt=0) | Q(steps__lost__gt=0)
            return queryset.filter(pk__in=queryset.model.objects.filter(bumpy).values("pk"))
        return None


class AccessStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("good", _("Good")), ("expired", _("Expired")), ("link", _("Links"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        conditions = {
            "good": Q(expires_at__isnull=True) | Q(expires_at__gt=Now()),
            "expired": Q(expires_at__lte=Now()),
            "link": ~Q(link_digest=""),
        }
        condition = conditions.get(self.value() or "")
        return None if condition is None else queryset.filter(condition)


class UnusedFileFilter(admin.SimpleListFilter):
    title = _("use")
    parameter_name = "use"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("none", _("Nothing uses it"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        if not self.value():
            return None
        for relation in queryset.model._meta.related_objects:
            queryset = queryset.filter(**{f"{relation.name}__isnull": True})
        return queryset.order_by(F("created_at").desc())
