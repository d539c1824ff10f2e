"""What people corrected. Rows are never changed, only taken back."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import TimestampedModel
from recordings.models import Recording, Track


class Edit(TimestampedModel):
    """One correction of the words of a recording (see `recognition.editing`)."""

    class Kind(models.TextChoices):
        TEXT = "text", _("Words")
        SPEAKER = "speaker", _("Speaker")
        SPLIT = "split", _("Line split")
        JOIN = "join", _("Lines joined")

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="edits")
    version = models.PositiveIntegerField(_("version"))
    """Of the transcript it was made on; it counts for this and later ones."""
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    track = models.ForeignKey(
        Track, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    start = models.FloatField(_("start, s"))
    end = models.FloatField(_("end, s"))
    before = models.JSONField(_("before"))
    """Texts of the lines it was made on: one, or two that were joined."""
    after = models.JSONField(_("after"), default=dict)
    """`{"text"}` · `{"speaker"}` · `{"at", "id", "speaker"?}`: split before that word, the second
    half's id · `{}`. Always with `"line"`: the id of the line it was made on."""
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["text", "speaker", "split", "join"]), name="edit_kind_known"
            )
        ]
        indexes = [models.Index(fields=["recording", "id"], name="edit_of_recording")]

    def __str__(self) -> str:
        return f"{self.kind} {self.start:.0f} s"
