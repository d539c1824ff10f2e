"""People, their tokens, the audit trail, the counters of limits, and licences."""

import uuid
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.choices import Action, Role, TokenKind
from common.models import TimestampedModel


class User(AbstractUser):
    """A person. The role decides; Django's own flags follow it."""

    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.USER)
    language = models.CharField(_("language"), max_length=5, blank=True, default="")
    realm = models.CharField(
        _("realm"), max_length=60, blank=True, default="", db_default="", db_index=True
    )
    """`connection:<id>` for whoever comes from a meeting server: nothing of another realm exists
    for him, whatever rights are given. Empty: a person of this installation."""

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(
                condition=Q(realm="") | ~Q(role=Role.ADMIN), name="user_administers_own_realm_only"
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.is_staff = self.is_superuser = self.role == Role.ADMIN
        fields = kwargs.get("update_fields")
        if fields is not None and "role" in fields:
            kwargs["update_fields"] = {*fields, "is_staff", "is_superuser"}
        super().save(*args, **kwargs)


class Token(TimestampedModel):
    """A secret somebody carries: only its digest is kept, the text is shown once."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="tokens"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=TokenKind)
    label = models.CharField(_("label"), max_length=200, blank=True)
    prefix = models.CharField(_("prefix"), max_length=20, db_index=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    family = models.UUIDField(null=True, blank=True, db_index=True, editable=False)
    """Access and refresh tokens of one sign-in; re-use of a spent refresh token ends them all."""
    issued_by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("issued by"),
    )
    """Who made it; null: its owner signed in, or the system."""
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True, editable=False)
    """When the meeting server that gave this token last said that it is good."""
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")

    def __str__(self) -> str:
        return f"{self.prefix}… {self.label}".strip()


class AuditEntry(models.Model):
    """Who did what, when and from where. A trigger refuses to change or delete a row."""

    at = models.DateTimeField(_("at"), auto_now_add=True, db_index=True)
    actor_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    actor_name = models.CharField(_("who"), max_length=150, blank=True)
    action = models.CharField(_("action"), max_length=20, choices=Action)
    object_type = models.CharField(_("object type"), max_length=40, blank=True)
    object_id = models.CharField(_("object"), max_length=64, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        indexes = [models.Index(fields=["object_type", "object_id", "at"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action}"


class LimitBucket(models.Model):
    """Counter of one limit for one key; changed only by the atomic statement in `limits`."""

    key = models.CharField(max_length=200, primary_key=True)
    tokens = models.FloatField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class Installation(models.Model):
    """One row: which installation this is, and the latest moment it has ever seen."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """Random, made once; licence files are bound to it."""
    latest_at = models.DateTimeField()
    """On the database's clock. A clock that stands before it was turned back."""
    audit_from = models.BigIntegerField(default=0)
    """Audit entries up to this one don't witness the time: the clock was reset after them."""

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="installation_is_one")]

    def __str__(self) -> str:
        return str(self.uid)


class Licence(TimestampedModel):
    """An installed licence file. What it says is read from its signed text and nowhere else."""

    number = models.CharField(_("number"), max_length=64, unique=True)
    text = models.TextField(_("file"))

    class Meta:
        verbose_name = _("licence")
        verbose_name_plural = _("licences")

    def __str__(self) -> str:
        return self.number
