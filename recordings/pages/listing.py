"""The list of recordings: search, filter, keyset pages, and rows that changed."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_safe

from recordings import selectors
from recordings.choices import RecordingStatus
from recordings.models import Recording
from recordings.pages import wording
from recordings.pages.rows import Row, rows_of
from recordings.pages.visitor import page, person

PAGE = 30
HITS = 12
HITS_OF_ONE = 3
"""Of one recording, so that a talkative one does not hide the others."""
HITS_LOOKED_AT = 100
CHANGED_AT_ONCE = 100
FOUND, END = "\x02", "\x03"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of the list; `after` begins the next one, empty where there is none."""

    rows: list[Row]
    after: str


@require_safe
@page
def index(request: HttpRequest) -> HttpResponse:
    """The list; HTMX gets only the part that a search, a filter or "more" changes."""
    user = person(request)
    q = request.GET.get("q", "").strip()[:200]
    status = request.GET.get("status", "")
    source = request.GET.get("source", "")
    sheet = _sheet(_chosen(user, q, status, source), request.GET.get("after", ""))
    context = {
        "sheet": sheet,
        "q": q,
        "status": status,
        "statuses": RecordingStatus.choices,
        "source": source if source in settings.RECORDING_SOURCES else "",
        "sources": settings.RECORDING_SOURCES.items(),
        "languages": wording.LANGUAGES.items(),
        "hits": _hits(user, q) if q and not request.GET.get("after") else [],
        "filtered": bool(q or status or source),
        "upload_limit": settings.RECORDINGS["upload_limit_bytes"],
    }
    return render(request, _template(request), context)


def _template(request: HttpRequest) -> str:
    if not getattr(request, "htmx", False):
        return "recordings/index.html"
    return "recordings/more.html" if request.GET.get("after") else "recordings/results.html"


@require_safe
@page
def changed(request: HttpRequest) -> HttpResponse:
    """Rows named by `id`, to be put where they stand; those named by `new` go to the top."""
    user = person(request)
    ids, new = _ids(request, "id"), _ids(request, "new")
    found = _described(selectors.visible_to(user)).filter(pk__in=[*ids, *new])
    rows = rows_of(found.order_by("created_at"))
    return render(request, "recordings/changed.html", {"rows": rows, "new": new})


def _ids(request: HttpRequest, name: str) -> list[UUID]:
    found = []
    for text in request.GET.getlist(name)[:CHANGED_AT_ONCE]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _described(recordings: QuerySet[Recording]) -> QuerySet[Recording]:
    return recordings.select_related("owner").annotate(track_count=Count("tracks"))


def _chosen(user: Any, q: str, status: str, source: str) -> QuerySet[Recording]:
    found = _described(selectors.visible_to(user))
    if q:
        named = Q(title__icontains=q)
        found = found.filter(named | Q(number=int(q)) if q.isdecimal() and len(q) < 18 else named)
    if status in RecordingStatus.values:
        found = found.filter(status=status)
    if source in settings.RECORDING_SOURCES:
        found = found.filter(source=source)
    return found.order_by("-created_at", "-id")


def _sheet(found: QuerySet[Recording], after: str) -> Sheet:
    if mark := _read_mark(after):
        at, last = mark
        found = found.filter(created_at__lte=at).exclude(created_at=at, id__gte=last)
    page_rows = list(found[: PAGE + 1])
    more = len(page_rows) > PAGE
    return Sheet(rows_of(page_rows[:PAGE]), _mark(page_rows[PAGE - 1]) if more else "")


def _mark(recording: Recording) -> str:
    since = recording.created_at - datetime.fromtimestamp(0, UTC)
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return f"{micros}.{recording.pk.hex}"


def _read_mark(text: str) -> tuple[datetime, UUID] | None:
    micros, _, key = text.partition(".")
    try:
        at = datetime.fromtimestamp(int(micros) // 1_000_000, UTC)
        return at.replace(microsecond=int(micros) % 1_000_000), UUID(key)
    except (ValueError, OverflowError, OSError):
        return None


def _hits(user: Any, q: str) -> list[dict[str, Any]]:
    """Places in transcripts and summaries where the words stand; the index is an upper floor's."""
    search = import_string(settings.TEXT_SEARCH)
    hits: list[dict[str, Any]] = []
    taken: Counter[Any] = Counter()
    for hit in search(user, q, limit=HITS_LOOKED_AT):
        if hit["kind"] == "title" or taken[hit["recording"]] >= HITS_OF_ONE:
            continue
        taken[hit["recording"]] += 1
        hits.append({**hit, "pieces": _pieces(hit["snippet"])})
    return hits[:HITS]


def _pieces(snippet: str) -> list[tuple[bool, str]]:
    """(was looked for, text) in order: the index marks what it found with \\x02 and \\x03."""
    pieces = [(False, snippet.partition(FOUND)[0])]
    for part in snippet.split(FOUND)[1:]:
        found, _end, rest = part.partition(END)
        pieces += [(True, found), (False, rest)]
    return [piece for piece in pieces if piece[1]]
