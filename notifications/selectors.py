"""What may be read about notices. A person's read starts at `notices_of(user)`."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import User
from notifications import stream, subjects
from notifications.choices import PAGE
from notifications.identity import watcher_for
from notifications.models import Notice, NoticePreferences
from notifications.subjects import Subject


class Shown(NamedTuple):
    """A notice with what it is about; None: that is gone, or no longer for this person."""

    notice: Notice
    subject: Subject | None


def notices_of(user: User) -> QuerySet[Notice]:
    """What stands on this person's page, newest first."""
    return Notice.objects.filter(recipient=user, on_page=True).order_by("-created_at", "-id")


def unread_count(user: User) -> int:
    return Notice.objects.filter(recipient=user, on_page=True, read_at__isnull=True).count()


def shown_to(user: User, notices: Sequence[Notice]) -> list[Shown]:
    """The notices with their subjects, as far as this person may see them now."""
    objects = {(one.object_type, one.object_id) for one in notices}
    known = subjects.describe(objects)
    if not watcher_for(user).sees_all:
        viewers = stream.audiences_of(f"{kind}:{key}" for kind, key in known)
        known = {
            (kind, key): subject
            for (kind, key), subject in known.items()
            if user.pk in viewers.get(f"{kind}:{key}", ())
        }
    return [Shown(one, known.get((one.object_type, one.object_id))) for one in notices]


def givers(notices: Iterable[Notice]) -> dict[int, str]:
    """User id -> name, of those who did what the notices tell of."""
    ids = {one.data["by"] for one in notices if "by" in one.data}
    return {
        user.pk: user.get_full_name() or user.get_username()
        for user in (User.objects.filter(pk__in=ids) if ids else ())
    }


def preferences_of(user: User) -> NoticePreferences:
    """The person's own, or a fresh row with the defaults."""
    try:
        return user.notice_preferences
    except NoticePreferences.DoesNotExist:
        return NoticePreferences(user=user)


def channels_for(wishes: NoticePreferences, fact: str) -> list[str]:
    """Names of the channels by which this person is told of the fact, those that exist."""
    chosen = wishes.channels.get(fact, settings.NOTICE_DEFAULTS)
    return [name for name in (PAGE, *settings.NOTICE_CHANNELS) if name in chosen]


def zone_of(wishes: NoticePreferences) -> ZoneInfo:
    return ZoneInfo(wishes.time_zone or settings.TIME_ZONE)
