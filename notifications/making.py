"""Notices made from events: one for each fact and person, and a delivery for each channel.

Whoever may watch what happened is told of it; administrators, who may watch everything, only where
they are among its people. Each person's choices decide by which channels and when.
"""

import datetime as dt
import logging
from collections.abc import Iterable
from typing import Any, Final

from django.db import DatabaseError, transaction
from django.db.models.functions import Now

from accounts.models import User
from common.sql import ask
from notifications import facts, hints, selectors, stream, subjects
from notifications.channels import registry
from notifications.channels.base import Channel
from notifications.choices import PAGE, DeliveryStatus
from notifications.cursors import Row, advance
from notifications.facts import Happening
from notifications.models import Delivery, Notice, NoticePreferences
from notifications.timing import moment

logger = logging.getLogger(__name__)
READER: Final = "notices"


def make_notices() -> bool:
    """Make what the next events are worth; True when there may be more."""
    return advance(READER, _make, types=facts.READERS)


def _make(rows: list[Row]) -> None:
    known = subjects.describe((row["object_type"], row["object_id"]) for row in rows)
    happenings = [
        happening
        for row in rows
        if (subject := known.get((row["object_type"], row["object_id"])))
        and (happening := facts.read(row, subject))
    ]
    viewers = stream.audiences_of({one.topic for one in happenings if one.people is None})
    for happening in happenings:
        people = happening.people
        if people is None:
            people = frozenset(viewers.get(happening.topic, ()))
        _tell_safely(happening, people)


def _tell_safely(happening: Happening, people: frozenset[int]) -> None:
    """A fact that can't be told must not stop all that follow; a lost database does."""
    try:
        with transaction.atomic():
            _tell(happening, people)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("notice not made", extra={"fact": happening.fact.value})


def _tell(happening: Happening, people: Iterable[int]) -> None:
    found = User.objects.filter(pk__in=people, is_active=True).select_related("notice_preferences")
    keys = {f"{happening.fact}:{happening.what}:{user.pk}": user for user in found}
    told = set(Notice.objects.filter(key__in=keys).values_list("key", flat=True))
    for key, user in keys.items():
        if key not in told:
            _write(happening, key, user)


def _write(happening: Happening, key: str, user: User) -> None:
    wishes = selectors.preferences_of(user)
    chosen = selectors.channels_for(wishes, happening.fact)
    notice = Notice.objects.create(
        recipient=user,
        fact=happening.fact,
        object_type=happening.object[0],
        object_id=happening.object[1],
        key=key,
        data=happening.data,
        on_page=PAGE in chosen,
    )
    for name in chosen:
        channel = registry.find(name)
        if channel is not None and _reaches(channel, user):
            _deliver(notice, user, name, wishes)


def _reaches(channel: Channel, user: User) -> bool:
    """A channel that can't tell is asked again when it sends; nobody's notice is lost by it."""
    try:
        return channel.reaches(user)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("channel broke", extra={"channel": type(channel).__name__})
        return True


def _deliver(notice: Notice, user: User, channel: str, wishes: NoticePreferences) -> None:
    now = ask("SELECT now() AS now")[0]["now"].astimezone(dt.UTC)
    due, together = moment(wishes, now, selectors.zone_of(wishes))
    fields: dict[str, Any] = {"recipient": user, "channel": channel, "ready_at": due}
    single = f"{channel}:{notice.key}"
    if not together:
        delivery = Delivery.objects.create(key=single, **{**fields, "ready_at": Now()})
        hints.wake(hints.DELIVER)
    else:
        delivery = _gathered(f"{channel}:{user.pk}:{due:%Y-%m-%dT%H:%M}", fields)
        if delivery.status != DeliveryStatus.WAITING:  # on its way: this one goes by itself
            delivery = Delivery.objects.create(key=single, **fields)
    delivery.notices.add(notice)


def _gathered(key: str, fields: dict[str, Any]) -> Delivery:
    """The message in which notices wait for each other, held so that nobody sends it meanwhile."""
    Delivery.objects.bulk_create(
        [Delivery(key=key, together=True, **fields)], ignore_conflicts=True
    )
    return Delivery.objects.select_for_update().get(key=key)
