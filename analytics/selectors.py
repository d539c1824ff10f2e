"""What others may read of summaries. Whoever asks has already passed `visible_to`."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from analytics.models import Summary
from recognition import selectors as recognition
from recordings.models import Recording


def summaries_of(recording: Recording) -> QuerySet[Summary]:
    """Newest first, with their items."""
    return recording.summaries.order_by("-created_at").prefetch_related("items")


def latest(recording: Recording) -> Summary | None:
    """The newest summary that is ready."""
    found: Summary | None = summaries_of(recording).filter(status=Summary.Status.READY).first()
    return found


def stale_of(recording: UUID, summaries: Iterable[Summary]) -> frozenset[int]:
    """Which of these tell what older words said: a newer version came, or a correction was made
    or taken back since they were made. One that is still being made is not."""
    made = [one for one in summaries if one.status == Summary.Status.READY]
    newest = recognition.newest_of(recording) if made else None
    if newest is None:
        return frozenset()
    mark = recognition.mark_of(newest)
    return frozenset(
        one.pk for one in made if one.transcript_id != newest.pk or one.corrections != mark
    )


def for_export(
    recording: UUID,
) -> tuple[str, list[tuple[str, tuple[int, ...], bool]], bool]:
    """The newest summary as plain values: (text, [(item, phrase ids, verified)], stale)."""
    newest = (
        Summary.objects.filter(recording=recording, status=Summary.Status.READY)
        .order_by("-created_at")
        .prefetch_related("items")
        .first()
    )
    if newest is None:
        return "", [], False
    return newest.text, _items(newest), bool(stale_of(recording, [newest]))


def ready_summaries(recording: UUID) -> list[dict[str, Any]]:
    """All that are ready, the newest first, as plain values: `id, name` (of the prompt), `text,
    items` (as in `for_export`), `coverage, created_at, stale`."""
    rows = list(
        Summary.objects.filter(recording=recording, status=Summary.Status.READY)
        .order_by("-created_at")
        .select_related("prompt")
        .prefetch_related("items")[:100]
    )
    stale = stale_of(recording, rows)
    return [
        {
            "id": row.pk,
            "name": row.prompt.name if row.prompt else "",
            "text": row.text,
            "items": _items(row),
            "coverage": row.coverage,
            "created_at": row.created_at,
            "stale": row.pk in stale,
        }
        for row in rows
    ]


def _items(summary: Summary) -> list[tuple[str, tuple[int, ...], bool]]:
    return [(item.text, tuple(item.evidence), item.verified) for item in summary.items.all()]
