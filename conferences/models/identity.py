"""Who a person of a meeting server is here."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import TimestampedModel
from conferences.models.connection import Connection


class Identity(TimestampedModel):
    """A person of one server. His user belongs to him alone and stays inside that server's realm:
    people of two servers are two, even where they have the same name."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="identities")
    call_id = models.CharField(_("call id"), max_length=200)
    """login@server, lower case."""
    display_name = models.CharField(_("name"), max_length=200, blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identity"
    )
    is_administrator = models.BooleanField(_("administrator there"), default=False)
    """As the server said last: superuser of this connection, of nothing else."""
    verified_at = models.DateTimeField(null=True, blank=True)
    """When the server last said that he is who he says; null: only known from a conference."""

    class Meta:
        verbose_name = _("person of a server")
        verbose_name_plural = _("people of servers")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "call_id"], name="identity_once_per_connection"
            )
        ]

    def __str__(self) -> str:
        return self.display_name or self.call_id
