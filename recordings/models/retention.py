"""How long things are kept: rules in order, the first that fits a recording counts."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import TimestampedModel
from recordings.choices import Kind


class RetentionRule(TimestampedModel):
    """Days are counted from the beginning of a recording, or from when it came in."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(
        _("order"), default=100, help_text=_("The first rule that fits counts.")
    )
    enabled = models.BooleanField(
        _("enabled"),
        default=False,
        help_text=_("Look at the preview before you switch it on."),
    )
    realm = models.CharField(_("only of this origin"), max_length=60, blank=True, default="")
    tag = models.CharField(_("only with this tag"), max_length=60, blank=True, default="")
    kind = models.CharField(
        _("only of this kind"), max_length=10, choices=Kind, blank=True, default=""
    )
    sound_days = models.PositiveIntegerField(
        _("days the sound is kept"), null=True, blank=True, help_text=_("Empty: for ever.")
    )
    all_days = models.PositiveIntegerField(
        _("days everything is kept"), null=True, blank=True, help_text=_("Empty: for ever.")
    )

    class Meta:
        verbose_name = _("retention rule")
        verbose_name_plural = _("retention rules")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sound_days__isnull=True)
                | Q(all_days__isnull=True)
                | Q(sound_days__lte=models.F("all_days")),
                name="retention_sound_not_longer_than_all",
            )
        ]

    def __str__(self) -> str:
        return self.name
