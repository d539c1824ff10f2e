"""One row: how many downloads at once."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import TimestampedModel


class ConferenceSettings(TimestampedModel):
    """Changes count at once, without a restart."""

    download_workers = models.PositiveSmallIntegerField(_("downloads at once"), default=5)
    bytes_per_second = models.PositiveBigIntegerField(
        _("bandwidth of all downloads, bytes/s"), null=True, blank=True
    )

    class Meta:
        verbose_name = _("download settings")
        verbose_name_plural = _("download settings")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="conference_settings_one_row"),
            models.CheckConstraint(
                condition=Q(download_workers__gte=1) & Q(download_workers__lte=100),
                name="conference_settings_sane_workers",
            ),
        ]

    def __str__(self) -> str:
        return str(self.download_workers)
