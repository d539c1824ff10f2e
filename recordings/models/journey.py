"""Runs and their steps: the queue. Claimed, settled and swept by `recordings.pipeline`."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import TimestampedModel
from recordings.choices import LIVE_RUN, Executor, Priority, Queue, RunStatus, StepStatus
from recordings.models.recording import Recording, Track


class Run(TimestampedModel):
    """One journey of a recording along a pipeline.

    `position` is where it stands; `remaining` counts the steps there that have not passed. Both are
    changed only together with a step, so the step that passes last moves the run on.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="runs")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("owner"),
    )
    pipeline = models.CharField(_("pipeline"), max_length=40)
    params = models.JSONField(_("parameters"), default=dict, blank=True)
    """`engine`, `language`, `prompt`...: what whoever asked wants different from the defaults."""
    status = models.CharField(
        _("status"), max_length=10, choices=RunStatus, default=RunStatus.QUEUED
    )
    priority = models.SmallIntegerField(_("priority"), choices=Priority, default=Priority.NORMAL)
    turn = models.BigIntegerField(_("turn"), default=0)
    """Fair order between owners: an owner's n-th waiting run has the n-th turn from now."""
    position = models.PositiveSmallIntegerField(default=0)
    remaining = models.PositiveIntegerField(default=0)
    requested_by = models.BigIntegerField(null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RunStatus.values), name="run_status_known"
            ),
            models.UniqueConstraint(
                fields=["recording"],
                condition=Q(status__in=sorted(LIVE_RUN)),
                name="run_one_live_per_recording",
            ),
        ]
        indexes = [
            models.Index(
                fields=["priority", "turn", "created_at"],
                condition=Q(status__in=sorted(LIVE_RUN)),
                name="run_live_order",
            ),
            models.Index(
                fields=["owner", "priority", "turn"],
                condition=Q(status__in=sorted(LIVE_RUN)),
                name="run_live_owner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pipeline} {self.id}"


class StepRun(models.Model):
    """One step of a run, for one track or for the whole recording. See `choices.TRANSITIONS`."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="+")
    track = models.ForeignKey(
        Track, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    position = models.PositiveSmallIntegerField(_("position"))
    step = models.CharField(_("step"), max_length=200)
    queue = models.CharField(_("queue"), max_length=20, choices=Queue, default=Queue.CPU)
    status = models.CharField(
        _("status"), max_length=10, choices=StepStatus, default=StepStatus.PENDING
    )
    priority = models.SmallIntegerField(default=Priority.NORMAL)
    turn = models.BigIntegerField(default=0)
    ready_at = models.DateTimeField(null=True, blank=True)
    """Null while earlier positions have not passed; in the future while a retry waits."""
    executor = models.CharField(
        _("executor"),
        max_length=10,
        choices=Executor,
        default=Executor.ANY,
        db_default=Executor.ANY,
    )
    """Who may claim it: our own workers, engines of the gateway, or whoever is first."""
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    """Counts claims; fences whoever held it before."""
    failures = models.PositiveSmallIntegerField(_("failures"), default=0)
    lost = models.PositiveSmallIntegerField(_("lost leases"), default=0)
    """Times its worker vanished: such work may be what kills workers."""
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(_("worker"), max_length=200, blank=True)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)
    cost = models.FloatField(default=0)
    """Seconds of sound it is expected to work on; for the estimate of time."""
    error = models.JSONField(_("error"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=StepStatus.values), name="step_status_known"
            ),
            models.CheckConstraint(
                condition=Q(executor__in=Executor.values), name="step_executor_known"
            ),
            models.CheckConstraint(
                condition=~Q(status=StepStatus.RUNNING) | Q(lease_until__isnull=False),
                name="step_running_has_lease",
            ),
            models.UniqueConstraint(
                fields=["run", "position", "track"],
                nulls_distinct=False,
                name="step_once_per_position_and_track",
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "priority", "turn", "id"],
                condition=Q(status=StepStatus.PENDING, ready_at__isnull=False),
                name="step_ready",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(status=StepStatus.RUNNING),
                name="step_leases",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step.rpartition('.')[2]} ({self.status})"


class StepSpeed(models.Model):
    """Measured seconds of work per second of sound, for one step: a moving average."""

    step = models.CharField(max_length=200, primary_key=True)
    seconds_per_second = models.FloatField()
    fixed_seconds = models.FloatField(default=0)
    samples = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.step
