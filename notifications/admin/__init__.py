"""The stream, notices and webhooks in the admin."""

from notifications.admin.notices import DeliveryAdmin, NoticeAdmin
from notifications.admin.stream import EventAdmin
from notifications.admin.webhooks import WebhookAdmin, WebhookDeliveryAdmin

__all__ = ["DeliveryAdmin", "EventAdmin", "NoticeAdmin", "WebhookAdmin", "WebhookDeliveryAdmin"]
