"""Engines of the gateway, what they were asked to do, and what they made."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Token
from common.models import TimestampedModel
from recordings.models import Recording, StepRun, StoredFile, Track

LONGEST_ID = 180
"""`engine:<id>` has to fit into a step's `worker`."""


class Engine(TimestampedModel):
    """A program that connects to us and works. It is known by the name that it gives itself.

    `session` is its living connection: whoever holds another one is an older connection and ends.
    """

    engine_id = models.CharField(_("engine"), max_length=LONGEST_ID, unique=True)
    token = models.ForeignKey(
        Token,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("token"),
    )
    version = models.CharField(_("version"), max_length=200, blank=True)
    capabilities = ArrayField(
        models.CharField(max_length=20), verbose_name=_("capabilities"), default=list, blank=True
    )
    languages = ArrayField(
        models.CharField(max_length=20), verbose_name=_("languages"), default=list, blank=True
    )
    slots = models.PositiveIntegerField(_("slots"), default=1)
    shared_files = models.BooleanField(_("shares files"), default=False)
    session = models.UUIDField(null=True, blank=True, editable=False)
    connected_at = models.DateTimeField(_("connected since"), null=True, blank=True)
    heard_at = models.DateTimeField(_("last heard"), null=True, blank=True)
    draining = models.BooleanField(_("draining"), default=False)
    """It gets no new work until an administrator says otherwise."""

    class Meta:
        verbose_name = _("engine")
        verbose_name_plural = _("engines")

    def __str__(self) -> str:
        return self.engine_id

    @property
    def worker(self) -> str:
        """How a step's row names it."""
        return f"engine:{self.engine_id}"


class Outcome(models.TextChoices):
    OFFERED = "offered", _("Offered")
    WORKING = "working", _("Being worked on")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    REJECTED = "rejected", _("Not taken")
    REFUSED = "refused", _("Result refused")
    LOST = "lost", _("Lost")


class EngineRequest(TimestampedModel):
    """One claim of a step by an engine, and what came of it."""

    step = models.ForeignKey(StepRun, on_delete=models.CASCADE, related_name="+")
    attempt = models.PositiveIntegerField(_("attempt"))
    engine = models.ForeignKey(
        Engine, on_delete=models.CASCADE, related_name="requests", verbose_name=_("engine")
    )
    kind = models.CharField(_("kind"), max_length=20)
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=Outcome, default=Outcome.OFFERED
    )
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    error = models.JSONField(_("error"), null=True, blank=True)
    """`{"code", "message"}` as the engine said it, or why its result was refused."""
    raw = models.BinaryField(null=True, editable=False)
    """The result as it came, compressed (zlib); kept for some weeks."""

    class Meta:
        verbose_name = _("request to an engine")
        verbose_name_plural = _("requests to engines")
        constraints = [
            models.UniqueConstraint(fields=["step", "attempt"], name="engine_request_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=Outcome.values), name="engine_request_outcome_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["engine"],
                condition=Q(outcome__in=["offered", "working"]),
                name="engine_request_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.step_id}.{self.attempt}"


class EngineOutput(TimestampedModel):
    """Sound that an engine made of a recording. Counts once its result was taken in."""

    recording = models.ForeignKey(
        Recording, on_delete=models.CASCADE, related_name="engine_outputs"
    )
    track = models.ForeignKey(
        Track, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    request = models.ForeignKey(
        EngineRequest, on_delete=models.SET_NULL, null=True, blank=True, related_name="outputs"
    )
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="engine_outputs")
    name = models.CharField(_("name"), max_length=255)
    format = models.CharField(_("format"), max_length=10)
    taken = models.BooleanField(_("taken in"), default=False)
    """False: it was sent, and the result that speaks of it has not come yet."""

    class Meta:
        verbose_name = _("sound made by an engine")
        verbose_name_plural = _("sounds made by engines")
        constraints = [
            models.UniqueConstraint(fields=["request", "name"], name="engine_output_name_once")
        ]

    def __str__(self) -> str:
        return self.name
