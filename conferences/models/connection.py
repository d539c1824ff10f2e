"""A meeting server we are connected to."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.encryption import EncryptedTextField
from common.models import TimestampedModel
from conferences.choices import ConnectionAccess, ConnectionStatus, Platform


def full_rights_for_owners() -> dict[str, list[str]]:
    """What a new connection gives: owners everything, participants a look."""
    return {
        "owner": ["view", "comment", "edit", "run", "share", "delete"],
        "moderator": ["view", "comment", "edit", "run"],
        "participant": ["view", "comment"],
    }


class Connection(TimestampedModel):
    """One server: its address, how we prove who we are, and how its conferences are treated."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    platform = models.CharField(
        _("platform"), max_length=20, choices=Platform, default=Platform.TRUECONF
    )
    url = models.CharField(_("address"), max_length=500)
    """https://host[:port] of a server; a path of a folder."""
    host = models.CharField(max_length=255, editable=False, db_index=True)
    """What clients call it: lower case, without scheme; the port only where it isn't the usual."""
    access = models.CharField(
        _("access"), max_length=10, choices=ConnectionAccess, default=ConnectionAccess.FULL
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    client_id = models.CharField(_("client id"), max_length=200, blank=True)
    client_secret = EncryptedTextField(_("client secret"), blank=True, default="")
    verify_tls = models.BooleanField(_("verify the certificate"), default=True)
    ca_bundle = models.TextField(_("CA certificates (PEM)"), blank=True)
    options = models.JSONField(_("options"), default=dict, blank=True)
    """Of one platform: `generation` ("v4" or "v3"; empty: find out) and what else it reads."""
    chat_bot_user = models.CharField(_("chat bot's user"), max_length=200, blank=True)
    chat_bot_password = EncryptedTextField(_("chat bot's password"), blank=True, default="")
    paths = models.JSONField(_("paths"), default=dict, blank=True)
    """Path templates of what the public API does not state, where they differ from the defaults."""
    fields = models.JSONField(_("fields"), default=dict, blank=True)
    """What their answers call our names, `{"tracks.display_name": "name"}`."""
    poll_seconds = models.PositiveIntegerField(_("seconds between two looks"), default=60)
    rescan_hours = models.PositiveIntegerField(
        _("hours looked back for what came late"), default=48
    )
    auto_recognize = models.BooleanField(_("recognise automatically"), default=False)
    """For conferences that don't say themselves."""
    consent_required = models.BooleanField(_("recognise only with consent"), default=False)
    default_rights = models.JSONField(
        _("rights by role"), default=full_rights_for_owners, blank=True
    )
    """ConferenceRole -> rights; written as access of every recording."""
    bytes_per_second = models.PositiveBigIntegerField(
        _("bandwidth, bytes/s"), null=True, blank=True
    )
    track_patience_hours = models.PositiveIntegerField(_("hours a track is waited for"), default=24)
    download_workers = models.PositiveSmallIntegerField(
        _("downloads at once from this server"), null=True, blank=True
    )
    """Within what all connections share; empty: as many as there are."""

    status = models.CharField(
        _("status"),
        max_length=10,
        choices=ConnectionStatus,
        default=ConnectionStatus.NEW,
        editable=False,
    )
    error = models.JSONField(_("error"), null=True, blank=True, editable=False)
    """`{"code", "message", "retryable", "next_action", "details"}` of what failed last."""
    granted_scopes = ArrayField(
        models.CharField(max_length=100), default=list, blank=True, editable=False
    )
    missing_scopes = ArrayField(
        models.CharField(max_length=100), default=list, blank=True, editable=False
    )
    generation = models.CharField(max_length=10, blank=True, default="", editable=False)
    """Of the server's API, as found: v4 or v3."""
    access_token = EncryptedTextField(blank=True, default="", editable=False)
    refresh_token = EncryptedTextField(blank=True, default="", editable=False)
    token_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_trace_id = models.CharField(max_length=100, blank=True, default="", editable=False)
    clock_skew_s = models.FloatField(null=True, blank=True, editable=False)
    """Their clock minus ours, by the Date header."""
    certificate_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    polled_at = models.DateTimeField(_("last look"), null=True, blank=True, editable=False)
    """End of the last look that succeeded."""
    changed_since = models.DateTimeField(null=True, blank=True, editable=False)
    """Where the next look begins, before the trailing window."""
    next_poll_at = models.DateTimeField(null=True, blank=True, editable=False)
    poll_until = models.DateTimeField(null=True, blank=True, editable=False)
    """Lease of whoever looks now."""
    poll_failures = models.PositiveIntegerField(default=0, editable=False)
    poll_attempt = models.PositiveIntegerField(default=0, editable=False)
    """Counts claims of `background`; fences whoever looked before."""
    poller = models.CharField(max_length=200, blank=True, default="", editable=False)
    """Process that looks now."""
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When scopes, clock and certificate were looked at last."""
    download_after = models.DateTimeField(null=True, blank=True, editable=False)
    """Until then nothing is downloaded from it: it did not answer."""
    download_failures = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ConnectionStatus.values), name="connection_status_known"
            ),
            models.UniqueConstraint(fields=["platform", "host"], name="connection_once_per_server"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def realm(self) -> str:
        """The word that binds its recordings and its people to each other."""
        return f"connection:{self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.host = host_of(self.url) if self.platform != Platform.FOLDER else self.url[:255]
        if (fields := kwargs.get("update_fields")) is not None and "url" in fields:
            kwargs["update_fields"] = {*fields, "host"}
        super().save(*args, **kwargs)


def host_of(address: str) -> str:
    """`HTTPS://Host.Example:443/x` and `host.example` are the same server."""
    scheme, separator, rest = address.strip().partition("://")
    place = (rest if separator else scheme).partition("/")[0].rpartition("@")[2].lower().rstrip(".")
    usual = ":80" if separator and scheme.lower() == "http" else ":443"
    return place.removesuffix(usual)
