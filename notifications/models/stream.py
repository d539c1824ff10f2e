"""The event stream's rows."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """Something that happened. Written in the transaction that made it true.

    `seq` is given after the commit by whoever reads first (see `numbering`), so no reader is ever
    overtaken by a slower writer. `id` only orders what waits for a number.
    """

    seq = models.BigIntegerField(null=True, editable=False)
    at = models.DateTimeField(_("at"), db_default=Now(), db_index=True)
    type = models.CharField(_("type"), max_length=40)
    object_type = models.CharField(_("object type"), max_length=40)
    object_id = models.CharField(_("object"), max_length=64)
    topic = models.CharField(_("topic"), max_length=80)
    """`recording:<id>` or `user:<id>`: what a watcher subscribes to, and what decides who may."""
    audience = ArrayField(models.BigIntegerField(), null=True, blank=True)
    """Users who may see it although the object's own rights are gone (a deletion)."""
    data = models.JSONField(_("data"), db_default=models.Value({}, models.JSONField()))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(
                fields=["seq"], condition=Q(seq__isnull=False), name="event_seq_once"
            )
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(seq__isnull=True), name="event_unnumbered"),
            models.Index(fields=["topic", "seq"], name="event_topic_seq"),
        ]

    def __str__(self) -> str:
        return f"{self.seq or '-'} {self.type} {self.object_id}"


class StreamFloor(models.Model):
    """One row: events up to `seq` are no longer kept. No row: all are."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.seq)


class StreamCursor(models.Model):
    """How far a reader of ours has come. Moved in the transaction that writes what it made."""

    name = models.CharField(max_length=40, primary_key=True)
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.seq}"
