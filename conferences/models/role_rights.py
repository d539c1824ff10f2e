"""What a role may do, where that differs from the connection's default."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.models import TimestampedModel
from conferences.choices import ConferenceRole
from conferences.models.conference import Conference
from recordings.choices import Right
from recordings.models import Recording


class RoleRights(TimestampedModel):
    """Rights of a role in one recording or, without a recording, in all of a conference.

    The recording's own word counts before the conference's, and that before the connection's.
    """

    conference = models.ForeignKey(Conference, on_delete=models.CASCADE, related_name="role_rights")
    recording = models.ForeignKey(
        Recording, on_delete=models.CASCADE, null=True, blank=True, related_name="role_rights"
    )
    role = models.CharField(_("role"), max_length=12, choices=ConferenceRole)
    rights = ArrayField(models.CharField(max_length=10, choices=Right), default=list, blank=True)
    """None at all: people of this role see nothing by their role."""
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    """Then the next word counts again."""
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("rights of a role")
        verbose_name_plural = _("rights of roles")
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=ConferenceRole.values), name="role_rights_role_known"
            ),
            models.UniqueConstraint(
                fields=["conference", "role"],
                condition=Q(recording__isnull=True),
                name="role_rights_once_per_conference",
            ),
            models.UniqueConstraint(
                fields=["conference", "recording", "role"],
                condition=Q(recording__isnull=False),
                name="role_rights_once_per_recording",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(expires_at__isnull=False),
                name="role_rights_ending",
            )
        ]

    def __str__(self) -> str:
        return f"{self.role}: {', '.join(self.rights)}"
