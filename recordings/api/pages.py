"""Pages of the list: by cursor, newest first, and the filters that go with it.

A cursor is the place of the last row (its time and id), so a page deep down costs what the first
one costs: a seek in an index.
"""

import base64
import binascii
import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.enums import TextChoices
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from rest_framework.request import Request

from common.errors import Invalid
from recordings.api.shapes import FIELDS
from recordings.choices import Kind, RecordingStatus
from recordings.models import Recording

DEFAULT_LIMIT, MAX_LIMIT = 50, 200


def _one_of(name: str, words: type[TextChoices]) -> Callable[[str], Q]:
    """Several, with commas between, mean any of them."""

    def read(text: str) -> Q:
        wanted = [word.strip() for word in text.split(",") if word.strip()]
        if unknown := set(wanted) - set(words.values):
            raise Invalid(
                _("Unknown value in the filter “%(name)s”.") % {"name": name},
                next_action=_("Use: %(allowed)s.") % {"allowed": ", ".join(words.values)},
                details={"unknown": sorted(unknown), "allowed": words.values},
            )
        return Q(**{f"{name}__in": wanted}) if wanted else Q()

    return read


def _moment(name: str, lookup: str) -> Callable[[str], Q]:
    def read(text: str) -> Q:
        return Q(**{f"began__{lookup}": parse_moment(name, text)})

    return read


FILTERS: Mapping[str, Callable[[str], Q]] = {
    "status": _one_of("status", RecordingStatus),
    "kind": _one_of("kind", Kind),
    "source": lambda text: Q(source=text),
    "q": lambda text: Q(title__icontains=text),
    "started_after": _moment("started_after", "gte"),
    "started_before": _moment("started_before", "lt"),
}


def narrow(recordings: QuerySet[Recording], given: Mapping[str, str]) -> QuerySet[Recording]:
    """Only those that every filter lets through. Raises Invalid, naming what it may be.

    A recording of which nobody said when it began counts from when it came in.
    """
    if "started_after" in given or "started_before" in given:
        recordings = recordings.annotate(began=Coalesce("started_at", "created_at"))
    for name, read in FILTERS.items():
        if text := given.get(name, ""):
            if "\0" in text:
                raise Invalid(_("Zero characters can't be searched for."), details={"field": name})
            recordings = recordings.filter(read(text))
    return recordings


def parse_moment(name: str, text: str) -> dt.datetime:
    """ISO 8601; without an offset it is in the time zone of the installation."""
    try:
        # An unescaped + of the offset arrives as a blank.
        moment = parse_datetime(text) or parse_datetime("+".join(text.rsplit(" ", 1)))
        if moment is None and (day := parse_date(text)):
            moment = dt.datetime.combine(day, dt.time())
        if moment is not None:
            aware = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
            return aware.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    raise Invalid(
        _("“%(name)s” is not a time.") % {"name": name},
        next_action=_("Write it like 2026-11-20T12:00:00+03:00."),
    )


def limit_of(given: Mapping[str, str]) -> int:
    text = given.get("limit", "")
    if not text:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise Invalid(
            _("“limit” is a number from 1 to %(most)s.") % {"most": MAX_LIMIT},
            details={"field": "limit"},
        )
    return min(int(text[:9]), MAX_LIMIT)


def rows(
    parts: Sequence[QuerySet[Recording]], given: Mapping[str, str], count: int
) -> list[dict[str, Any]]:
    """The first `count` rows behind the cursor that pass the filters, of all parts together."""
    pages = [
        after(narrow(part, given), given.get("cursor", "")).values(*FIELDS)[:count]
        for part in parts
    ]
    if len(pages) == 1:
        return list(pages[0])
    return list(pages[0].union(*pages[1:]).order_by("-created_at", "-id")[:count])


def after(recordings: QuerySet[Recording], cursor: str) -> QuerySet[Recording]:
    """Newest first, behind the row that the cursor speaks of."""
    ordered = recordings.order_by("-created_at", "-id")
    if not cursor:
        return ordered
    created, id = _read_cursor(cursor)
    # The first condition is what the index is entered with.
    return ordered.filter(Q(created_at__lte=created) & (Q(created_at__lt=created) | Q(id__lt=id)))


def next_link(request: Request, last: Mapping[str, Any]) -> str:
    """The address of the page behind `last`, with the same filters."""
    query = request.query_params.copy()
    place = f"{last['created_at'].astimezone(dt.UTC).isoformat()}|{last['id']}"
    query["cursor"] = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _read_cursor(cursor: str) -> tuple[dt.datetime, uuid.UUID]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        time, _bar, id = (
            base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition("|")
        )
        created = dt.datetime.fromisoformat(time)
        if created.tzinfo is None:
            raise ValueError(time)
        return created.astimezone(dt.UTC), uuid.UUID(id)
    except (ValueError, OverflowError, binascii.Error):
        raise Invalid(
            _("This cursor is not one of ours."),
            code="bad_cursor",
            next_action=_("Start again without a cursor and follow “next”."),
        ) from None
