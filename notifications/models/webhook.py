"""Webhooks: where events are sent to, and the log of what was sent."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from common.encryption import EncryptedTextField
from common.models import TimestampedModel
from notifications.choices import OPEN_HOOK, HookStatus


class Webhook(TimestampedModel):
    """An address that gets events, signed. Only administrators make them: all events pass."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    url = models.CharField(_("address"), max_length=2000)
    events = ArrayField(models.CharField(max_length=60), verbose_name=_("events"))
    """Types, `recording.*`, or `*`: all but the many of steps, which must be named."""
    secret = EncryptedTextField(_("secret"))
    previous_secret = EncryptedTextField(blank=True, default="", editable=False)
    previous_until = models.DateTimeField(null=True, blank=True, editable=False)
    """Until then messages are signed with the previous secret as well."""
    enabled = models.BooleanField(_("enabled"), default=True)
    failures = models.PositiveIntegerField(_("failed in a row"), default=0, editable=False)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True, editable=False)
    """Nothing is sent, and what happens waits in the log."""
    paused_reason = models.CharField(
        _("why it is paused"), max_length=40, blank=True, default="", editable=False
    )

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One event for one webhook. `id` grows in the order of the events."""

    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """What the receiver knows it by: the same at every try and replay."""
    seq = models.BigIntegerField(_("event"), null=True, blank=True)
    """Number of the event; null: a test."""
    type = models.CharField(_("type"), max_length=60)
    object_key = models.CharField(_("object"), max_length=110)
    """`<type>:<id>`: what is about one object is sent in order."""
    body = models.TextField(_("body"))
    """The very text that is signed and sent."""
    status = models.CharField(
        _("status"), max_length=10, choices=HookStatus, default=HookStatus.WAITING
    )
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    failures = models.PositiveSmallIntegerField(_("failures"), default=0)
    ready_at = models.DateTimeField(_("next try"), db_default=Now())
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    status_code = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    response = models.CharField(_("beginning of the answer"), max_length=500, blank=True)
    duration = models.FloatField(_("took, s"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=40, blank=True)
    """A code: `outbound_timeout`, `status`, ..."""
    created_at = models.DateTimeField(_("created"), db_default=Now(), db_index=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints = [
            models.UniqueConstraint(fields=["webhook", "seq"], name="hook_event_once"),
            models.CheckConstraint(
                condition=Q(status__in=HookStatus.values), name="hook_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status=HookStatus.SENDING) | Q(lease_until__isnull=False),
                name="hook_sending_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ready_at", "id"], condition=Q(status__in=OPEN_HOOK), name="hook_open"
            ),
            models.Index(
                fields=["webhook", "object_key", "id"],
                condition=Q(status__in=OPEN_HOOK),
                name="hook_open_of_object",
            ),
            models.Index(fields=["webhook", "-id"], name="hook_log"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.uid}"
