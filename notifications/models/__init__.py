"""Rows of the event stream, and of the notices and webhook deliveries made from it."""

from notifications.models.notice import Delivery, Notice, NoticePreferences
from notifications.models.stream import Event, StreamCursor, StreamFloor
from notifications.models.webhook import Webhook, WebhookDelivery

__all__ = [
    "Delivery",
    "Event",
    "Notice",
    "NoticePreferences",
    "StreamCursor",
    "StreamFloor",
    "Webhook",
    "WebhookDelivery",
]
