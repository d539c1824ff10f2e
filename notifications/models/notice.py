"""What a person is told, by which ways, and how he wants it."""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from notifications.choices import OPEN, DeliveryStatus, Digest, Fact


class Notice(models.Model):
    """One fact for one person. Holds no title and no words: those are asked for when it is told,
    and only as long as he may see what it is about."""

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notices",
        verbose_name=_("recipient"),
    )
    fact = models.CharField(_("fact"), max_length=20, choices=Fact)
    object_type = models.CharField(_("object type"), max_length=40)
    object_id = models.CharField(_("object"), max_length=64)
    key = models.CharField(_("key"), max_length=200, unique=True)
    """Whatever happens, one fact makes one notice for a person: `<fact>:<what>:<person>`."""
    data = models.JSONField(_("data"), default=dict)
    """`by`: who did it (user id); `error`: why it failed, as `common.errors.as_stored` keeps it."""
    on_page = models.BooleanField(_("on the page"), default=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), db_index=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.CheckConstraint(condition=Q(fact__in=Fact.values), name="notice_fact_known")
        ]
        indexes = [
            models.Index(
                fields=["recipient", "-created_at", "-id"],
                condition=Q(on_page=True),
                name="notice_page",
            ),
            models.Index(
                fields=["recipient"],
                condition=Q(on_page=True, read_at__isnull=True),
                name="notice_unread",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Delivery(models.Model):
    """One message to one person by one channel: a notice, or the notices of a digest.

    Claimed by one guarded statement and fenced by its attempt, like the steps of a pipeline.
    """

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("recipient"),
    )
    channel = models.CharField(_("channel"), max_length=20)
    key = models.CharField(_("key"), max_length=240, unique=True)
    """Goes with the message: who gets it twice knows it by that."""
    notices = models.ManyToManyField(Notice, related_name="deliveries", verbose_name=_("notices"))
    together = models.BooleanField(_("gathered"), default=False)
    status = models.CharField(
        _("status"), max_length=10, choices=DeliveryStatus, default=DeliveryStatus.WAITING
    )
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    """Counts claims; fences whoever held it before."""
    failures = models.PositiveSmallIntegerField(_("failures"), default=0)
    ready_at = models.DateTimeField(_("not before"), db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    error = models.JSONField(_("error"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), db_index=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values), name="delivery_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status=DeliveryStatus.SENDING) | Q(lease_until__isnull=False),
                name="delivery_sending_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ready_at", "id"], condition=Q(status__in=OPEN), name="delivery_open"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class NoticePreferences(models.Model):
    """How a person wants to be told. No row: the defaults of the installation."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="notice_preferences",
    )
    channels = models.JSONField(_("channels"), default=dict)
    """Fact -> names of channels; a fact that is not here has the installation's."""
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    digest = models.CharField(_("digest"), max_length=10, choices=Digest, default=Digest.NONE)
    digest_hour = models.PositiveSmallIntegerField(
        _("hour of the daily digest"), default=9, validators=[MaxValueValidator(23)]
    )
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True)
    """Of quiet hours and digests; empty: the installation's."""

    class Meta:
        verbose_name = _("notice preferences")
        verbose_name_plural = _("notice preferences")
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_have_two_ends",
            ),
            models.CheckConstraint(
                condition=Q(digest__in=Digest.values), name="notice_digest_known"
            ),
            models.CheckConstraint(
                condition=Q(digest_hour__lt=24), name="notice_digest_hour_of_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"user {self.user_id}"
