"""Sending what waits, as `notifications.delivering` does: claimed, fenced, at least once.

What is about one object is sent in order: the next event waits until the one before was taken or
given up. A webhook that fails or is slow is left in peace for the rest of a look, so that others
get theirs. After ten deliveries in a row that were given up it is paused, and says why.
"""

import logging
import time
from collections.abc import Collection
from functools import partial
from typing import Any, Final

from common.errors import ExternalError, Invalid
from common.http import exchange
from common.http.exchange import Answer, Limits
from common.sql import ask
from notifications.choices import PAUSES
from notifications.hooks.signing import signature
from notifications.models import Webhook, WebhookDelivery

logger = logging.getLogger(__name__)
LEASE_SECONDS: Final = 60
LIMITS: Final = Limits(seconds=10, body_bytes=2000)
SLOW_SECONDS: Final = 2.0
KEPT_CHARACTERS: Final = 500
FAILED_IN_A_ROW: Final = 10
GONE: Final = 410

_NEXT: Final = """
    SELECT d.id FROM notifications_webhookdelivery d
    JOIN notifications_webhook w ON w.id = d.webhook_id
    WHERE w.enabled AND w.paused_at IS NULL AND w.id <> ALL(%(but)s)
        AND (d.status = 'waiting' AND d.ready_at <= now()
            OR d.status = 'sending' AND d.lease_until < now())
        AND NOT EXISTS (
            SELECT FROM notifications_webhookdelivery e
            WHERE e.webhook_id = d.webhook_id AND e.object_key = d.object_key AND e.id < d.id
                AND e.status IN ('waiting', 'sending'))
    ORDER BY d.ready_at, d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED"""
_THIS: Final = """
    SELECT id FROM notifications_webhookdelivery
    WHERE id = %(id)s AND status = 'waiting' FOR UPDATE SKIP LOCKED"""
_CLAIM: Final = """
WITH picked AS MATERIALIZED ({picked})
UPDATE notifications_webhookdelivery d
SET status = 'sending', attempt = d.attempt + 1,
    lease_until = now() + %(lease)s * interval '1 second'
FROM picked WHERE d.id = picked.id
RETURNING d.id, d.webhook_id, d.attempt, d.failures"""
CLAIM_NEXT: Final = _CLAIM.format(picked=_NEXT)
CLAIM_THIS: Final = _CLAIM.format(picked=_THIS)

SETTLE: Final = """
WITH done AS (
    UPDATE notifications_webhookdelivery
    SET status = %(status)s::varchar, lease_until = NULL, failures = %(failures)s,
        status_code = %(code)s::smallint, response = %(response)s::varchar,
        duration = %(duration)s::float8, error = %(error)s::varchar,
        ready_at = CASE WHEN %(status)s::varchar = 'waiting'
            THEN now() + %(pause)s * interval '1 second' ELSE ready_at END,
        finished_at = CASE WHEN %(status)s::varchar = 'waiting' THEN NULL ELSE now() END
    WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'sending'
    RETURNING webhook_id, status
)
UPDATE notifications_webhook w
SET failures = CASE WHEN done.status = 'sent' THEN 0 ELSE w.failures + 1 END,
    paused_at = CASE WHEN done.status = 'failed' AND w.paused_at IS NULL
            AND (%(gone)s OR w.failures + 1 >= %(most)s) THEN now() ELSE w.paused_at END,
    paused_reason = CASE WHEN done.status = 'failed' AND w.paused_at IS NULL
            AND (%(gone)s OR w.failures + 1 >= %(most)s)
        THEN %(error)s::varchar ELSE w.paused_reason END
FROM done WHERE w.id = done.webhook_id AND done.status <> 'waiting' AND %(counts)s
RETURNING w.paused_at IS NOT NULL AS paused"""
"""Settles one delivery if it is still ours and counts it for its webhook."""

Claimed = dict[str, Any]


def claim(but: Collection[int] = ()) -> Claimed | None:
    """The next delivery that is due and whose turn it is, but not of these webhooks."""
    rows = ask(CLAIM_NEXT, but=list(but), lease=LEASE_SECONDS)
    return rows[0] if rows else None


def claim_this(id: int) -> Claimed | None:
    """This very one, if it waits."""
    rows = ask(CLAIM_THIS, id=id, lease=LEASE_SECONDS)
    return rows[0] if rows else None


def send(claimed: Claimed, *, counts: bool = True) -> bool:
    """Send it once and note what came; False when its webhook had better be left in peace.

    `counts`: its failure counts for pausing; a test's does not.
    """
    delivery = WebhookDelivery.objects.select_related("webhook").get(pk=claimed["id"])
    started = time.monotonic()
    try:
        answer = post(delivery.webhook, delivery)
    except (ExternalError, Invalid) as error:
        seconds = time.monotonic() - started
        last = isinstance(error, Invalid) or _is_last(claimed)
        _settle(claimed, last=last, error=error.code, duration=seconds, counts=counts)
        return False
    return _note(claimed, answer, counts=counts)


def _note(claimed: Claimed, answer: Answer, *, counts: bool) -> bool:
    settle = partial(
        _settle,
        claimed,
        code=answer.status,
        response=_beginning(answer),
        duration=answer.seconds,
        counts=counts,
    )
    if 200 <= answer.status < 300:
        settle(sent=True)
        return answer.seconds < SLOW_SECONDS
    gone = answer.status == GONE
    settle(last=gone or _is_last(claimed), error="gone" if gone else "status")
    return False


def post(webhook: Webhook, delivery: WebhookDelivery) -> Answer:
    """One signed request: the guard looks now, nothing is redirected, and time is short."""
    body, now = delivery.body.encode(), time.time()
    keys = [webhook.secret]
    if webhook.previous_until is not None and webhook.previous_until.timestamp() > now:
        keys.append(webhook.previous_secret)
    headers = {
        "Content-Type": "application/json",
        "SAI-Delivery": str(delivery.uid),
        "SAI-Event": delivery.type,
        "SAI-Signature": signature(body, at=int(now), with_secrets=keys),
    }
    return exchange.send("POST", webhook.url, content=body, headers=headers, limits=LIMITS)


def _is_last(claimed: Claimed) -> bool:
    return bool(claimed["failures"] + 1 >= len(PAUSES))


def _beginning(answer: Answer) -> str:
    """PostgreSQL stores no zero characters."""
    return answer.text.replace("\x00", "")[:KEPT_CHARACTERS]


def _settle(
    claimed: Claimed,
    *,
    sent: bool = False,
    last: bool = False,
    error: str = "",
    code: int | None = None,
    response: str = "",
    duration: float = 0,
    counts: bool = True,
) -> None:
    failures = claimed["failures"] + (not sent)
    status = "sent" if sent else "failed" if last else "waiting"
    rows = ask(
        SETTLE,
        id=claimed["id"],
        attempt=claimed["attempt"],
        status=status,
        failures=failures,
        pause=PAUSES[min(failures, len(PAUSES) - 1)],
        error=error,
        code=code,
        response=response,
        duration=duration,
        gone=code == GONE,
        counts=counts,
        most=FAILED_IN_A_ROW,
    )
    if not sent:
        fields = {"webhook": claimed["webhook_id"], "code": error, "failures": failures}
        logger.warning("webhook not taken", extra=fields)
    if rows and rows[0]["paused"]:
        logger.error("webhook paused", extra={"webhook": claimed["webhook_id"], "code": error})
