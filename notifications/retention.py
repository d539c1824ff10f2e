"""How long events are kept."""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from notifications.models import Event, StreamFloor
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
