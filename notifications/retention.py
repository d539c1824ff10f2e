"""How long events and notices are kept."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from notifications.choices import OPEN
from notifications.models import Delivery, Event, Notice, StreamFloor, WebhookDelivery
from notifications.numbering import number_all

CHUNK: Final = 10_000


def prune(days: float) -> int:
    """Delete what is older than `days` days; returns how many. The newest event always stays.

    The floor is written first: whoever asks for something below it is told so, even while the rows
    are still going.
    """
    last = number_all()
    edge = timezone.now() - timedelta(days=days)
    kept = Event.objects.filter(seq__isnull=False, at__gte=edge).order_by("seq").first()
    floor = (kept.seq if kept is not None and kept.seq is not None else last) - 1
    doomed = Event.objects.filter(seq__lte=floor)
    if not doomed.exists():
        return 0
    StreamFloor.objects.update_or_create(id=1, defaults={"seq": floor})
    deleted = 0
    while chunk := list(doomed.order_by("seq").values_list("pk", flat=True)[:CHUNK]):
        deleted += Event.objects.filter(pk__in=chunk).delete()[0]
    return deleted


def prune_notices(days: float) -> int:
    """Delete deliveries and notices older than `days` days, but for what still waits to be sent.

    The log of webhooks goes with what a paused one has let lie.
    """
    edge = timezone.now() - timedelta(days=days)
    deliveries = Delivery.objects.filter(created_at__lt=edge).exclude(status__in=OPEN)
    notices = Notice.objects.filter(created_at__lt=edge).exclude(deliveries__status__in=OPEN)
    log = WebhookDelivery.objects.filter(created_at__lt=edge)
    return sum(_delete_all(rows) for rows in (deliveries, notices, log))


def _delete_all(rows: QuerySet[Any]) -> int:
    deleted = 0
    while chunk := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        deleted += rows.model.objects.filter(pk__in=chunk).delete()[0]
    return deleted
