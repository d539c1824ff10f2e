"""Messages that were given up, sent once more when what stood in their way is mended."""

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from notifications import hints
from notifications.choices import DeliveryStatus
from notifications.models import Delivery


def send_again(
    found: QuerySet[Delivery], *, by: User | None, request: HttpRequest | None = None
) -> int:
    """Those of `found` that were given up, from the beginning of their tries; how many.

    Each is still only told to whoever may see what it is about, and not in his quiet hours.
    """
    failed = found.filter(status=DeliveryStatus.FAILED)
    with transaction.atomic():
        count = failed.update(status=DeliveryStatus.WAITING, failures=0, ready_at=Now(), error=None)
        if count:
            data = {"sent_again": count}
            audit.record(by, Action.CHANGE, "delivery", request=request, data=data)
            hints.wake(hints.DELIVER)
    return count
