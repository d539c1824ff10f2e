"""Webhooks sent now, what came of it, and what their receiver got."""

import datetime as dt
import json

from django.utils import timezone

from common.tests.http_server import HttpServer
from notifications import tasks
from notifications.choices import HookStatus
from notifications.hooks import making
from notifications.models import WebhookDelivery

SECRET = "a secret of sixteen and more"


def deliver() -> None:
    while making.make_deliveries():
        pass
    tasks.deliver_webhooks()


def hurry() -> None:
    """Whatever waits is due now."""
    past = timezone.now() - dt.timedelta(seconds=1)
    WebhookDelivery.objects.filter(status=HookStatus.WAITING).update(ready_at=past)
    WebhookDelivery.objects.filter(status=HookStatus.SENDING).update(lease_until=past)


def log() -> list[tuple[str, str]]:
    return list(WebhookDelivery.objects.order_by("id").values_list("status", "error"))


def bodies(receiver: HttpServer) -> list[dict]:
    return [json.loads(asked.body) for asked in receiver.asked]
