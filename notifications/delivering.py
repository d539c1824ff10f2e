"""Sending what waits. Rows are claimed and settled by one statement each, on the database's clock.

A claim gives an attempt number and a lease. Whoever is killed loses his lease and the message goes
out again, perhaps for the second time: at least once, with the same key. What comes from an older
attempt changes nothing. No transaction is open while a channel is asked.
"""

import logging
from collections.abc import Collection
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from django.utils import translation
from psycopg.types.json import Jsonb

from accounts.models import User
from common.errors import SaiError, as_stored
from common.sql import ask
from notifications import composing, selectors
from notifications.channels import registry
from notifications.channels.base import Channel, NotDelivered
from notifications.choices import PAUSES, DeliveryStatus
from notifications.models import Delivery
from notifications.timing import quiet_end

logger = logging.getLogger(__name__)
LEASE_SECONDS: Final = 120
MOST_ATTEMPTS: Final = 100
"""A message that was claimed so often is perhaps what kills whoever claims it."""

CLAIM: Final = """
WITH picked AS MATERIALIZED (
    SELECT id FROM notifications_delivery
    WHERE channel <> ALL(%(but)s)
        AND (status = 'waiting' AND ready_at <= now() OR status = 'sending' AND lease_until < now())
    ORDER BY ready_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE notifications_delivery d
SET status = 'sending', attempt = d.attempt + 1,
    lease_until = now() + %(lease)s * interval '1 second'
FROM picked WHERE d.id = picked.id
RETURNING d.id, d.recipient_id, d.channel, d.key, d.attempt, d.failures, now() AS at"""

SETTLE: Final = """
UPDATE notifications_delivery
SET status = %(status)s::varchar, lease_until = NULL, error = %(error)s::jsonb,
    sent_at = CASE WHEN %(status)s::varchar = 'sent' THEN now() ELSE sent_at END
WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'sending' RETURNING id"""

POSTPONE: Final = """
UPDATE notifications_delivery
SET status = 'waiting', lease_until = NULL, error = %(error)s::jsonb, failures = %(failures)s,
    ready_at = COALESCE(%(until)s::timestamptz, now() + %(pause)s * interval '1 second')
WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'sending' RETURNING id"""

Claimed = dict[str, Any]


def claim(but: Collection[str] = ()) -> Claimed | None:
    """The next message that is due, but not by these channels; None when there is none."""
    rows = ask(CLAIM, but=list(but), lease=LEASE_SECONDS)
    return rows[0] if rows else None


def send(claimed: Claimed) -> bool:
    """Send it and note what came of it; False when its channel had better be left in peace."""
    try:
        return _try(claimed)
    except SaiError as error:
        return _failed(claimed, error)
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("channel broke", extra={"channel": claimed["channel"]})
        broken = NotDelivered(type(error).__name__, code="channel_broke", retryable=True)
        return _failed(claimed, broken)


def _try(claimed: Claimed) -> bool:
    user = User.objects.select_related("notice_preferences").get(pk=claimed["recipient_id"])
    channel = registry.find(claimed["channel"])
    if channel is None or not user.is_active or not channel.reaches(user):
        _settle(claimed, DeliveryStatus.DROPPED)
        return True
    if claimed["attempt"] > MOST_ATTEMPTS:
        raise NotDelivered("claimed too often", code="sender_lost", retryable=False)
    wishes = selectors.preferences_of(user)
    if until := quiet_end(wishes, claimed["at"], selectors.zone_of(wishes)):
        _postpone(claimed, until=until)
        return True
    sent = _hand_over(claimed, user, channel)
    _settle(claimed, DeliveryStatus.SENT if sent else DeliveryStatus.DROPPED)
    return True


def _hand_over(claimed: Claimed, user: User, channel: Channel) -> bool:
    """False when there is nothing left that this person may be told."""
    delivery = Delivery.objects.get(pk=claimed["id"])
    shown = selectors.shown_to(user, list(delivery.notices.order_by("created_at", "id")))
    with translation.override(user.language or settings.LANGUAGE_CODE):
        message = composing.compose(claimed["key"], shown, max_length=channel.max_length)
        if message is None:
            return False
        channel.send(user, message)
    return True


def _failed(claimed: Claimed, error: SaiError) -> bool:
    """Tried again later if that can help and there is a try left."""
    failures = claimed["failures"] + 1
    row = as_stored(error)
    fields = {"channel": claimed["channel"], "code": error.code, "failures": failures}
    logger.warning("notice not delivered", extra=fields)
    if error.retryable and failures < len(PAUSES):
        _postpone(claimed, failures=failures, error=row, pause=PAUSES[failures])
    else:
        _settle(claimed, DeliveryStatus.FAILED, error=row)
    return not error.retryable


def _settle(
    claimed: Claimed, status: DeliveryStatus, *, error: dict[str, Any] | None = None
) -> None:
    body = Jsonb(error) if error else None
    values = {"id": claimed["id"], "attempt": claimed["attempt"], "error": body}
    ask(SETTLE, status=status.value, **values)


def _postpone(
    claimed: Claimed,
    *,
    until: Any = None,
    pause: float = 0,
    failures: int | None = None,
    error: dict[str, Any] | None = None,
) -> None:
    ask(
        POSTPONE,
        id=claimed["id"],
        attempt=claimed["attempt"],
        until=until,
        pause=pause,
        failures=claimed["failures"] if failures is None else failures,
        error=Jsonb(error) if error else None,
    )
