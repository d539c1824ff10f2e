"""Who else may see a recording. Upper floors write rows here; nobody is asked upward."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import TimestampedModel
from recordings.choices import Right
from recordings.models.recording import Recording


class Access(TimestampedModel):
    """Rights on one recording for a user, a group, or whoever carries a link."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="access")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="access",
    )
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, null=True, blank=True, related_name="access"
    )
    link_digest = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    """SHA-256 of the link's secret; the link is shown once."""
    origin = models.CharField(
        _("origin"), max_length=40, blank=True, default="", db_default="", editable=False
    )
    """Empty: given by hand. Else which rule of an upper floor wrote it, `role:participant`; such
    rows come and go with the rule and don't replace what was given by hand."""
    rights = ArrayField(models.CharField(max_length=10, choices=Right), default=list)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("access")
        verbose_name_plural = _("access")
        constraints = [
            models.CheckConstraint(
                name="access_for_exactly_one",
                condition=(
                    Q(user__isnull=False, group__isnull=True, link_digest="")
                    | Q(user__isnull=True, group__isnull=False, link_digest="")
                    | (Q(user__isnull=True, group__isnull=True) & ~Q(link_digest=""))
                ),
            ),
            models.UniqueConstraint(
                fields=["recording", "user", "origin"],
                condition=Q(user__isnull=False),
                name="access_once_per_user",
            ),
            models.UniqueConstraint(
                fields=["recording", "group", "origin"],
                condition=Q(group__isnull=False),
                name="access_once_per_group",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.group or _('link')}: {', '.join(self.rights)}"
