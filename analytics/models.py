"""Prompts with versions, and summaries whose items point at phrases."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.models import TimestampedModel
from recognition.models import Transcript
from recordings.models import Recording, Run


class Prompt(TimestampedModel):
    """A template of a question to a language model. A change makes a new version."""

    name = models.CharField(_("name"), max_length=100)
    version = models.PositiveIntegerField(_("version"), default=1)
    text = models.TextField(_("text"))
    """Jinja2, sandboxed; the variables stand in `analytics.templating`."""
    current = models.BooleanField(_("current"), default=True)

    class Meta:
        verbose_name = _("prompt")
        verbose_name_plural = _("prompts")
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="prompt_version_once"),
            models.UniqueConstraint(
                fields=["name"], condition=Q(current=True), name="prompt_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Summary(TimestampedModel):
    """A summary of one version of a transcript."""

    class Status(models.TextChoices):
        """pending -> ready | failed; a failed one is tried again as pending."""

        PENDING = "pending", pgettext_lazy("summary", "Pending")
        READY = "ready", pgettext_lazy("summary", "Ready")
        FAILED = "failed", pgettext_lazy("summary", "Failed")

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="summaries")
    transcript = models.ForeignKey(
        Transcript, on_delete=models.CASCADE, null=True, blank=True, related_name="summaries"
    )
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    prompt = models.ForeignKey(
        Prompt, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    prompt_text = models.TextField(_("own prompt"), blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    engine = models.CharField(_("engine"), max_length=200, blank=True)
    extractive = models.BooleanField(_("extractive"), default=False)
    text = models.TextField(_("text"), blank=True)
    coverage = models.FloatField(_("coverage"), default=0)
    error = models.JSONField(_("error"), null=True, blank=True)
    usage = models.JSONField(_("usage"), default=dict, blank=True)
    corrections = models.CharField(max_length=32, blank=True, editable=False)
    """The mark of the corrections that lay over the transcript when it was read
    (`recognition.selectors.mark_of`)."""

    class Meta:
        verbose_name = _("summary")
        verbose_name_plural = _("summaries")
        constraints = [
            models.UniqueConstraint(
                fields=["run"], condition=Q(run__isnull=False), name="summary_once_per_run"
            ),
            models.CheckConstraint(
                condition=Q(coverage__gte=0, coverage__lte=1), name="summary_coverage_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recording}: {self.engine}"


class SummaryItem(models.Model):
    """One statement of a summary, and the phrases that say so."""

    summary = models.ForeignKey(Summary, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    text = models.TextField(_("text"))
    evidence = ArrayField(models.BigIntegerField(), default=list)
    """Ids of phrases."""
    verified = models.BooleanField(_("verified"), default=False)
    """Code found the item's numbers, names, dates and words in the phrases it cites."""
    problems = ArrayField(models.CharField(max_length=60), default=list)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["summary", "position"], name="summary_item_once")
        ]

    def __str__(self) -> str:
        return str(self.position)


class LanguageAnswer(models.Model):
    """What a language model answered to one question, by the question's hash.

    A step that is tried again finds the answers it already paid for. Removed after some days.
    """

    key = models.CharField(max_length=64, primary_key=True)
    answer = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return self.key[:12]
