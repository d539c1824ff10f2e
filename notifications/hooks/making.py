"""Deliveries made from events: one for each event and webhook that asks for it."""

from typing import Any, Final
from uuid import UUID, uuid4

import orjson

from notifications import hints
from notifications.cursors import Row, advance
from notifications.models import Webhook, WebhookDelivery

READER: Final = "webhooks"
API_VERSION: Final = "1"
EVERYTHING: Final = "*"
MANY: Final = "step."
"""Events of steps are many and said by nobody who does not ask for them by name."""


def make_deliveries() -> bool:
    """Write what the next events are worth; True when there may be more."""
    return advance(READER, _make, types=_types())


def _types() -> set[str] | None:
    """Types that anybody asks for; None: it takes a look at each event to tell."""
    asked = {one for events in _listening().values_list("events", flat=True) for one in events}
    return None if any(one.endswith(EVERYTHING) for one in asked) else asked


def _listening() -> Any:
    return Webhook.objects.filter(enabled=True)


def wants(asked: list[str], type: str) -> bool:
    """Whether a webhook's `events` ask for events of this type."""
    if type in asked:
        return True
    starts = {one.removesuffix(EVERYTHING) for one in asked if one.endswith(EVERYTHING)}
    return any(type.startswith(start) and (start or not type.startswith(MANY)) for start in starts)


def _make(rows: list[Row]) -> None:
    made = [
        _delivery(webhook, row)
        for webhook in _listening()
        for row in rows
        if row["at"] >= webhook.created_at and wants(webhook.events, row["type"])
    ]
    made.sort(key=lambda one: one.seq or 0)
    WebhookDelivery.objects.bulk_create(made, ignore_conflicts=True, batch_size=500)
    if made:
        hints.wake(hints.DELIVER_WEBHOOKS)


def _delivery(webhook: Webhook, row: Row) -> WebhookDelivery:
    uid = uuid4()
    return WebhookDelivery(
        webhook=webhook,
        uid=uid,
        seq=row["seq"],
        type=row["type"],
        object_key=f"{row['object_type']}:{row['object_id']}",
        body=body_of(uid, row),
    )


def body_of(uid: UUID, row: Row) -> str:
    """The JSON text of an event (a row of its table, or a test) as it is sent."""
    content = {
        "id": uid,
        "type": row["type"],
        "api_version": API_VERSION,
        "created_at": row["at"],
        "seq": row["seq"],
        "object": {"type": row["object_type"], "id": row["object_id"]},
        "data": row["data"],
    }
    return orjson.dumps(content).decode()
