"""Readers of our own: what they make of the stream stands in the same transaction as how far they
have read. Killed in between, a reader has done nothing; run twice, it finds nothing to do."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from notifications.models import Event, StreamCursor
from notifications.numbering import last_number, number_all

BATCH: Final = 500
Row = dict[str, Any]
"""A row of the events' table."""


def advance(
    name: str, make: Callable[[list[Row]], None], *, types: Iterable[str] | None = None
) -> bool:
    """Give `make` the next events of these types (None: all), in its own transaction.

    True when there may be more. False also when another process is reading under this name.
    """
    number_all()
    with transaction.atomic():
        cursor = _hold(name)
        if cursor is None:
            return False
        last = Event.objects.aggregate(last=Max("seq"))["last"] or last_number()
        found = Event.objects.filter(seq__gt=min(cursor.seq, last), seq__lte=last)
        if types is not None:
            found = found.filter(type__in=types)
        rows: list[Row] = list(found.order_by("seq").values()[:BATCH])  # type: ignore[arg-type]
        if rows:
            make(rows)
        more = len(rows) == BATCH
        reached = rows[-1]["seq"] if more else last
        if reached != cursor.seq:  # lower: the database was put back
            StreamCursor.objects.filter(pk=name).update(seq=reached)
    return more


def _hold(name: str) -> StreamCursor | None:
    StreamCursor.objects.get_or_create(name=name)
    return StreamCursor.objects.select_for_update(skip_locked=True).filter(pk=name).first()
