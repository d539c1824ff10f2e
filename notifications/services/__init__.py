"""What others may ask of notices and webhooks."""

from notifications.services.deliveries import send_again
from notifications.services.preferences import change_preferences
from notifications.services.reading import read_all, read_some
from notifications.services.webhooks import (
    change_webhook,
    create_webhook,
    delete_webhook,
    replay_failed,
    replay_one,
    resume_webhook,
    rotate_secret,
    test_webhook,
)

__all__ = [
    "change_preferences",
    "change_webhook",
    "create_webhook",
    "delete_webhook",
    "read_all",
    "read_some",
    "replay_failed",
    "replay_one",
    "resume_webhook",
    "rotate_secret",
    "send_again",
    "test_webhook",
]
