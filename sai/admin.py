"""The schedule (django-celery-beat) in the admin, in the look of the rest."""

from typing import Any

from django import forms
from django.contrib import admin
from django_celery_beat import admin as beat
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(model)


class TaskSelect(UnfoldAdminSelectWidget, beat.TaskSelectWidget):
    """The tasks that this installation knows."""


class TaskForm(beat.PeriodicTaskForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelect()

    class Meta(beat.PeriodicTaskForm.Meta):
        field_classes: dict[str, type[forms.Field]] = {}


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, ModelAdmin):
    form = TaskForm
    date_hierarchy = None
    list_display = [
        "name",
        "enabled",
        "task",
        "interval",
        "crontab",
        "last_run_at",
        "total_run_count",
    ]
    list_filter = ["enabled", "one_off"]
    ordering = ["name"]


@admin.register(IntervalSchedule)
class IntervalAdmin(ModelAdmin):
    list_display = ["__str__", "every", "period"]


@admin.register(CrontabSchedule)
class CrontabAdmin(beat.CrontabScheduleAdmin, ModelAdmin):
    pass


@admin.register(ClockedSchedule)
class ClockedAdmin(beat.ClockedScheduleAdmin, ModelAdmin):
    pass


@admin.register(SolarSchedule)
class SolarAdmin(ModelAdmin):
    list_display = ["__str__", "event", "latitude", "longitude"]
