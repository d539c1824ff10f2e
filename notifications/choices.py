"""Words of notices and webhooks that are stored."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Fact(TextChoices):
    """What a person may be told of."""

    READY_TO_RECOGNISE = "ready_to_recognise", _("A meeting is ready to be recognised")
    RECOGNISED = "recognised", _("A recording was recognised")
    SUMMARY_READY = "summary_ready", _("A summary is ready")
    RECOGNITION_FAILED = "recognition_failed", _("A recognition failed")
    ACCESS_GIVEN = "access_given", _("Somebody gave me access")


class Digest(TextChoices):
    """How many messages a person gets: one for each notice, or one for many."""

    NONE = "none", _("At once")
    HOURLY = "hourly", _("Gathered, once an hour")
    DAILY = "daily", _("Gathered, once a day")


class DeliveryStatus(TextChoices):
    """waiting -> sending -> sent, failed or dropped; sending -> waiting when it is tried again."""

    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    DROPPED = "dropped", _("Not needed any more")


OPEN = (DeliveryStatus.WAITING, DeliveryStatus.SENDING)
PAUSES = (0.0, 30.0, 120.0, 600.0, 3600.0, 21600.0)
"""Seconds before each try, counted from the one before; after the last it has failed."""

PAGE = "page"
"""The channel that everybody has: the page of notices. Others stand in `NOTICE_CHANNELS`."""


class HookStatus(TextChoices):
    """Of a webhook delivery: waiting -> sending -> sent or failed; sending -> waiting when it is
    tried again; sent or failed -> waiting when somebody replays it."""

    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


OPEN_HOOK = (HookStatus.WAITING, HookStatus.SENDING)
