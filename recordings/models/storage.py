"""Where bytes are kept: one row per published file, and the storage's settings."""

import uuid
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.encryption import EncryptedTextField
from common.models import TimestampedModel

ENDINGS: Final = {
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/x-w64": "w64",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "video/mp4": "mp4",
    "audio/webm": "webm",
    "video/webm": "webm",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/aiff": "aiff",
    "audio/x-ms-wma": "wma",
}
"""Content type -> how the name of such a file ends."""


class StoredFile(TimestampedModel):
    """A published file. Its uid is its place: `uid[0:2]/uid[2:4]/uid[4:6]/uid`."""

    uid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    size = models.BigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    content_type = models.CharField(_("content type"), max_length=100)

    class Meta:
        verbose_name = _("stored file")
        verbose_name_plural = _("stored files")
        constraints = [
            models.CheckConstraint(condition=Q(size__gte=0), name="stored_file_size_not_negative")
        ]

    def __str__(self) -> str:
        return str(self.uid)

    @property
    def ending(self) -> str:
        """What a name that people see ends with."""
        return ENDINGS.get(self.content_type, "bin")


class StorageSettings(TimestampedModel):
    """One row. What an administrator fills in here counts instead of the environment."""

    root = models.CharField(
        _("root"), max_length=500, blank=True, help_text=_("A path, or s3://bucket/prefix.")
    )
    reserve_bytes = models.BigIntegerField(_("disk reserve, bytes"), null=True, blank=True)
    trash_days = models.PositiveIntegerField(
        _("days in the trash"),
        null=True,
        blank=True,
        help_text=_("Empty: 30. 0: what is deleted is gone at once."),
    )
    endpoint_url = models.CharField(_("S3 endpoint"), max_length=500, blank=True)
    region = models.CharField(_("S3 region"), max_length=60, blank=True)
    access_key_id = models.CharField(_("S3 key id"), max_length=200, blank=True)
    secret_access_key = EncryptedTextField(_("S3 secret"), blank=True, default="")

    class Meta:
        verbose_name = _("storage settings")
        verbose_name_plural = _("storage settings")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="storage_settings_one_row"),
        ]

    def __str__(self) -> str:
        return self.root or "-"
