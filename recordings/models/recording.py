"""A recording and its tracks."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import TimestampedModel
from recordings.choices import Kind, RecordingStatus, TrackStatus
from recordings.models.storage import StoredFile


class Recording(TimestampedModel):
    """One conversation: a meeting, a call, an uploaded file or a voice message."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField(
        _("number"),
        unique=True,
        editable=False,
        db_default=models.Func(models.Value("recordings_number"), function="nextval"),
    )
    """The stable integer that outside programs know it by."""
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="recordings",
        verbose_name=_("owner"),
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.UPLOAD)
    source = models.CharField(_("source"), max_length=60, blank=True, default="upload")
    status = models.CharField(
        _("status"), max_length=15, choices=RecordingStatus, default=RecordingStatus.READY
    )
    incomplete = models.BooleanField(_("incomplete"), default=False)
    language = models.CharField(_("language"), max_length=10, blank=True)
    """Given by a person or found by the engine; empty while nobody knows."""
    duration = models.FloatField(_("duration, s"), default=0)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    content_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    """Digest over the digests of its tracks: the same bytes again are the same recording."""
    realm = models.CharField(_("realm"), max_length=60, blank=True, default="", db_default="")
    """Where it came from, `connection:<id>`, and so whose people may see it at all. Empty: ours."""
    tags = ArrayField(
        models.CharField(max_length=60),
        default=list,
        db_default=models.Value([], ArrayField(models.CharField(max_length=60))),
        blank=True,
    )
    on_hold = models.BooleanField(_("legal hold"), default=False, db_default=False)
    """Nothing of it is deleted, by nobody and no rule, while this is set."""
    trashed_at = models.DateTimeField(_("in the trash since"), null=True, blank=True)
    trashed_by = models.BigIntegerField(null=True, blank=True, editable=False)
    """In the trash it exists only for those who may restore it."""
    error = models.JSONField(_("error"), null=True, blank=True)
    """`{"code", "message", "retryable", "next_action"}` of the run that failed last."""

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RecordingStatus.values), name="recording_status_known"
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="recording_kind_known"),
            models.CheckConstraint(
                condition=Q(duration__gte=0), name="recording_duration_not_negative"
            ),
            models.UniqueConstraint(
                fields=["owner", "content_sha256"],
                condition=~Q(content_sha256=""),
                name="recording_content_once_per_owner",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="recording_newest"),
            models.Index(fields=["owner", "-created_at", "-id"], name="recording_owner_newest"),
            models.Index(fields=["status", "-created_at"], name="recording_status_newest"),
            models.Index(fields=["realm", "-created_at", "-id"], name="recording_realm_newest"),
            models.Index(
                fields=["trashed_at"],
                condition=Q(trashed_at__isnull=False),
                name="recording_trashed",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"#{self.number}"


class Track(TimestampedModel):
    """The sound of one participant or channel, or everybody mixed."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="tracks")
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("name"), max_length=200, blank=True)
    """The participant; becomes the speaker of its lines."""
    status = models.CharField(
        _("status"), max_length=10, choices=TrackStatus, default=TrackStatus.STORED
    )
    file = models.ForeignKey(
        StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="tracks"
    )
    format = models.CharField(_("format"), max_length=20, blank=True)
    duration = models.FloatField(_("duration, s"), default=0)
    speech = models.FloatField(_("speech, s"), null=True, blank=True)
    """Seconds of speech found in it; null until somebody listened."""
    offset = models.FloatField(_("offset, s"), default=0)
    """When the track begins, counted from the beginning of the recording."""
    left_out = models.BooleanField(_("left out"), default=False, db_default=False)
    """Its participant is in neither sound nor text: he did not consent, or asked for it."""
    regions = ArrayField(ArrayField(models.FloatField(), size=2), default=list, blank=True)
    """Stretches of speech as (start, end) in seconds of the track."""

    class Meta:
        verbose_name = _("track")
        verbose_name_plural = _("tracks")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["recording", "position"], name="track_position_once"),
            models.CheckConstraint(
                condition=Q(status__in=TrackStatus.values), name="track_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status=TrackStatus.STORED) | Q(file__isnull=False),
                name="track_stored_has_file",
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.position)
