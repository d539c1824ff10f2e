"""The stream's housekeeping."""

from celery import shared_task

from notifications.conf import limits
from notifications.retention import prune


@shared_task(name="notifications.prune_events")
def prune_events() -> None:
    """Forget old events. Once a day is often enough."""
    prune(limits().keep_days)
