"""What administrators do with webhooks. Each change is audited with it; secrets never are."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.choices import Action
from accounts.models import User
from common.errors import Conflict, Invalid
from common.http.guard import check_url
from notifications import hints
from notifications.choices import PAUSES, HookStatus
from notifications.hooks import making, sending
from notifications.hooks.signing import new_secret
from notifications.models import Webhook, WebhookDelivery

EVENT: Final = re.compile(r"\*|[a-z][a-z_]*\.(\*|[a-z][a-z_.]*)")
MOST_EVENTS: Final = 50
SHORTEST_SECRET, LONGEST_SECRET = 16, 200
OVERLAP_HOURS: Final = 24
LONGEST_OVERLAP_HOURS: Final = 24 * 14
TEST: Final = "webhook.test"


class Made(NamedTuple):
    webhook: Webhook
    secret: str
    """In the clear, to be shown once; empty where it was given and not made."""


def create_webhook(
    *,
    name: str,
    url: str,
    events: Iterable[str],
    secret: str = "",
    by: User | None,
    request: HttpRequest | None = None,
) -> Made:
    """Raises Invalid, OutboundRefused, Conflict (the name is taken)."""
    made = "" if secret else new_secret()
    fields = {
        "name": name,
        "url": check_address(url),
        "events": check_events(events),
        "secret": check_secret(secret or made),
    }
    with transaction.atomic():
        webhook, created = Webhook.objects.get_or_create(name=name, defaults=fields)
        if not created:
            raise Conflict(_("There is a webhook of this name already."), code="name_taken")
        _record(webhook, by, request, made=True)
    return Made(webhook, made)


def change_webhook(
    webhook: Webhook, *, by: User | None, request: HttpRequest | None = None, **changes: Any
) -> Webhook:
    """Change `name`, `url`, `events` or `enabled`. Raises as `create_webhook`."""
    if "url" in changes:
        changes["url"] = check_address(changes["url"])
    if "events" in changes:
        changes["events"] = check_events(changes["events"])
    if Webhook.objects.filter(name=changes.get("name", "")).exclude(pk=webhook.pk).exists():
        raise Conflict(_("There is a webhook of this name already."), code="name_taken")
    different = [name for name, value in changes.items() if getattr(webhook, name) != value]
    if different:
        for name in different:
            setattr(webhook, name, changes[name])
        with transaction.atomic():
            webhook.save(update_fields=[*different, "updated_at"])
            _record(webhook, by, request, changed=sorted(different))
    return webhook


def delete_webhook(
    webhook: Webhook, *, by: User | None, request: HttpRequest | None = None
) -> None:
    with transaction.atomic():
        audit.record(by, Action.DELETE, "webhook", webhook.pk, request=request)
        webhook.delete()


def rotate_secret(
    webhook: Webhook,
    *,
    by: User | None,
    secret: str = "",
    overlap_hours: float = OVERLAP_HOURS,
    request: HttpRequest | None = None,
) -> Made:
    """A new secret, given or made; messages are signed with both until the overlap is over."""
    if not 0 <= overlap_hours <= LONGEST_OVERLAP_HOURS:
        raise Invalid(_("Both secrets are good for 0 to 336 hours."), code="overlap")
    made = "" if secret else new_secret()
    checked = check_secret(secret or made)
    with transaction.atomic():
        locked = Webhook.objects.select_for_update().get(pk=webhook.pk)
        webhook.previous_secret = locked.secret
        webhook.previous_until = timezone.now() + dt.timedelta(hours=overlap_hours)
        webhook.secret = checked
        webhook.save(update_fields=["secret", "previous_secret", "previous_until", "updated_at"])
        _record(webhook, by, request, rotated=True, overlap_hours=overlap_hours)
    return Made(webhook, made)


def resume_webhook(
    webhook: Webhook, *, by: User | None, request: HttpRequest | None = None
) -> None:
    """Go on: what has happened while it was paused waits in the log and is sent now."""
    fields = {"paused_at": None, "paused_reason": "", "failures": 0}
    with transaction.atomic():
        Webhook.objects.filter(pk=webhook.pk).update(**fields)
        _record(webhook, by, request, resumed=True)
        hints.wake(hints.DELIVER_WEBHOOKS)
    for name, value in fields.items():
        setattr(webhook, name, value)


def test_webhook(webhook: Webhook) -> WebhookDelivery:
    """Send a test now, whether it is paused or not, and wait for what comes of it (10 s)."""
    row = {
        "seq": None,
        "type": TEST,
        "at": timezone.now(),
        "object_type": "webhook",
        "object_id": str(webhook.pk),
        "data": {"name": webhook.name},
    }
    test = WebhookDelivery(webhook=webhook, type=TEST)
    test.object_key, test.body = f"test:{test.uid}", making.body_of(test.uid, row)
    # One try, and by this process: whoever asked waits for it.
    test.failures, test.ready_at = len(PAUSES) - 1, timezone.now() + dt.timedelta(hours=1)
    test.save()
    if claimed := sending.claim_this(test.pk):
        sending.send(claimed, counts=False)
    test.refresh_from_db()
    return test


def replay_one(
    delivery: WebhookDelivery, *, by: User | None, request: HttpRequest | None = None
) -> None:
    """Send it once more, from the beginning of its tries. Conflict while it is on its way."""
    found = WebhookDelivery.objects.filter(pk=delivery.pk)
    if not _replay(found, by, request, webhook=delivery.webhook):
        raise Conflict(_("It is waiting or being sent already."), code="on_its_way")
    delivery.refresh_from_db()


def replay_failed(
    webhook: Webhook,
    *,
    since: dt.datetime,
    by: User | None,
    request: HttpRequest | None = None,
) -> int:
    """All that were given up since then, in their order; how many."""
    found = webhook.deliveries.filter(
        status=HookStatus.FAILED, seq__isnull=False, created_at__gte=since
    )
    return _replay(found, by, request, webhook=webhook)


def _replay(
    found: QuerySet[WebhookDelivery],
    by: User | None,
    request: HttpRequest | None,
    *,
    webhook: Webhook,
) -> int:
    ended = found.filter(status__in=[HookStatus.SENT, HookStatus.FAILED])
    with transaction.atomic():
        count = ended.update(
            status=HookStatus.WAITING, failures=0, ready_at=Now(), finished_at=None, error=""
        )
        if count:
            _record(webhook, by, request, replayed=count)
            hints.wake(hints.DELIVER_WEBHOOKS)
    return count


def check_address(url: str) -> str:
    """Raises Invalid: no address, or one that must not be reached. Looked at again when used."""
    check_url(url)
    return url


def check_events(events: Iterable[str]) -> list[str]:
    asked = list(dict.fromkeys(events))
    if not asked or len(asked) > MOST_EVENTS:
        raise Invalid(_("Name 1 to 50 types of events; * means all."), code="events")
    if unknown := [one for one in asked if not EVENT.fullmatch(one) or len(one) > 60]:
        raise Invalid(
            _("Types of events are written like recording.status, recording.* or *."),
            code="events",
            details={"unknown": unknown},
        )
    return asked


def check_secret(secret: str) -> str:
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET or not secret.isprintable():
        raise Invalid(_("A secret has 16 to 200 characters."), code="secret")
    return secret


def _record(webhook: Webhook, by: User | None, request: HttpRequest | None, **data: Any) -> None:
    audit.record(by, Action.CHANGE, "webhook", webhook.pk, request=request, data=data)
