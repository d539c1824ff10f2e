"""Reading the event stream: what happened after N, and who may see it.

Rights come from topics. `user:<id>` belongs to that user; `<kind>:<id>` is asked of the function
that `EVENT_AUDIENCES` names for the kind, once per batch; an event's own `audience` adds to it.
The topic word `me` stands for everything the watcher may see. Administrators see all.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, cast

import orjson
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from common.errors import Invalid, NotAllowed
from notifications.models import Event, StreamFloor
from notifications.numbering import last_number, number_all, number_pending

ME: Final = "me"
TOPIC: Final = re.compile(r"[a-z][a-z_]{0,39}:[A-Za-z0-9-]{1,64}")
BATCH: Final = 500
ROUNDS: Final = 20
"""One call of `since` looks at no more than BATCH x ROUNDS events."""

Audience = Callable[[Iterable[str]], dict[str, set[int]]]


class Watcher(NamedTuple):
    """Who is reading."""

    user_id: int
    sees_all: bool


class Entry(NamedTuple):
    """One event, encoded once for all who get it."""

    seq: int
    topic: str
    audience: frozenset[int]
    text: str
    """`{"seq", "type", "at", "object": {"type", "id"}, "data"}`"""


class Page(NamedTuple):
    events: list[Entry]
    last: int
    """Ask again with this."""
    reset: bool
    """What was asked for is not kept, or was never given: read the rows, go on from `last`."""
    caught_up: bool
    """Nothing above `last` existed when this was read."""


class Batch(NamedTuple):
    """Events for everybody, and who may see them."""

    entries: list[Entry]
    viewers: dict[str, set[int]]
    """Topic -> user ids."""
    last: int


def since(watcher: Watcher, after: int, *, limit: int, topics: set[str]) -> Page:
    """Events above `after` that the watcher may see and wants, oldest first, at most `limit`."""
    newest = number_all()
    if after > newest:
        return Page([], newest, reset=True, caught_up=True)
    page = _collect(watcher, after, newest, limit, topics)
    # Looked at after reading: what is being pruned meanwhile can't be missed silently.
    floor = StreamFloor.objects.values_list("seq", flat=True).first() or 0
    return Page([], newest, reset=True, caught_up=True) if after < floor else page


def _collect(watcher: Watcher, after: int, newest: int, limit: int, topics: set[str]) -> Page:
    events: list[Entry] = []
    for _round in range(ROUNDS):
        entries = read(after, newest, BATCH, None if ME in topics else topics)
        viewers = {} if watcher.sees_all else audiences(entries)
        for entry in entries:
            after = entry.seq
            if may_see(watcher, entry, viewers):
                events.append(entry)
            if len(events) >= limit:
                return Page(events, after, reset=False, caught_up=after >= newest)
        if len(entries) < BATCH:
            return Page(events, newest, reset=False, caught_up=True)
    return Page(events, after, reset=False, caught_up=False)


def now() -> Page:
    """The present: no events, and the number after which everything is still to come."""
    return Page([], number_all(), reset=False, caught_up=True)


def fetch(after: int, limit: int = BATCH) -> Batch:
    """The next events above `after`, numbered if need be, with everybody who may see them."""
    number_pending()
    entries = read(after, None, limit)
    if entries:
        return Batch(entries, audiences(entries), entries[-1].seq)
    return Batch([], {}, min(after, last_number()))  # lower: the database was put back


def read(after: int, upto: int | None, limit: int, topics: set[str] | None = None) -> list[Entry]:
    """Rows with `after < seq <= upto`, in order; None: without an end, of all topics."""
    found = Event.objects.filter(seq__gt=after)
    if upto is not None:
        found = found.filter(seq__lte=upto)
    if topics is not None:
        found = found.filter(topic__in=topics)
    return [_entry(row) for row in found.order_by("seq").values()[:limit]]


def _entry(row: Mapping[str, Any]) -> Entry:
    text = orjson.dumps(
        {
            "seq": row["seq"],
            "type": row["type"],
            "at": row["at"],
            "object": {"type": row["object_type"], "id": row["object_id"]},
            "data": row["data"],
        }
    )
    return Entry(row["seq"], row["topic"], frozenset(row["audience"] or ()), text.decode())


def audiences(entries: Iterable[Entry]) -> dict[str, set[int]]:
    """Who may see each topic of these events now: topic -> user ids."""
    return audiences_of(entry.topic for entry in entries)


def audiences_of(topics: Iterable[str]) -> dict[str, set[int]]:
    """The same for topics."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for topic in set(topics):
        kind, _colon, key = topic.partition(":")
        by_kind[kind].append(key)
    found: dict[str, set[int]] = {}
    for kind, keys in by_kind.items():
        for key, users in _viewers(kind, keys).items():
            found[f"{kind}:{key}"] = users
    return found


def _viewers(kind: str, keys: list[str]) -> dict[str, set[int]]:
    if kind == "user":
        return {key: {int(key)} for key in keys if key.isdigit()}
    if (name := settings.EVENT_AUDIENCES.get(kind)) is None:
        return {}
    ask = cast("Audience", import_string(name))
    try:
        return ask(keys)
    except ValueError:  # an id of a wrong shape hides nobody else's events
        return {} if len(keys) == 1 else _merge(_viewers(kind, [key]) for key in keys)


def _merge(parts: Iterable[dict[str, set[int]]]) -> dict[str, set[int]]:
    return {key: users for part in parts for key, users in part.items()}


def may_see(watcher: Watcher, entry: Entry, viewers: dict[str, set[int]]) -> bool:
    return (
        watcher.sees_all
        or watcher.user_id in entry.audience
        or watcher.user_id in viewers.get(entry.topic, ())
    )


def check_topics(watcher: Watcher, topics: Iterable[str]) -> None:
    """Refuse topics that mean nothing (Invalid) or are not the watcher's (NotAllowed)."""
    wanted = set(topics) - {ME}
    for topic in wanted:
        kind = topic.partition(":")[0]
        if not TOPIC.fullmatch(topic) or (kind != "user" and kind not in settings.EVENT_AUDIENCES):
            raise Invalid(_("A topic is “me” or, for example, “recording:<id>”."), code="topic")
    if watcher.sees_all:
        return
    viewers = audiences_of(wanted)
    if any(watcher.user_id not in viewers.get(topic, ()) for topic in wanted):
        raise NotAllowed(_("There is nothing to watch here, or you may not see it."))
