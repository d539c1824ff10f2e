"""What others may read of summaries. Whoever asks has already passed `visible_to`."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from analytics.models import Summary
from recordings.models import Recording


def summaries_of(recording: Recording) -> QuerySet[Summary]:
    """Newest first, with their items."""
    return recording.summaries.order_by("-created_at").prefetch_related("items")


def latest(recording: Recording) -> Summary | None:
    """The newest summary that is ready."""
    found: Summary | None = summaries_of(recording).filter(status=Summary.Status.READY).first()
    return found


def for_export(recording: UUID) -> tuple[str, list[tuple[str, tuple[int, ...], bool]]]:
    """The newest summary as plain values: (text, [(item, phrase ids, verified)])."""
    newest = (
        Summary.objects.filter(recording=recording, status=Summary.Status.READY)
        .order_by("-created_at")
        .prefetch_related("items")
        .first()
    )
    if newest is None:
        return "", []
    items = [(item.text, tuple(item.evidence), item.verified) for item in newest.items.all()]
    return newest.text, items


def ready_summaries(recording: UUID) -> list[dict[str, Any]]:
    """All that are ready, the newest first, as plain values: `id, name` (of the prompt), `text,
    items` (as in `for_export`), `coverage, created_at`."""
    rows = (
        Summary.objects.filter(recording=recording, status=Summary.Status.READY)
        .order_by("-created_at")
        .select_related("prompt")
        .prefetch_related("items")[:100]
    )
    return [
        {
            "id": row.pk,
            "name": row.prompt.name if row.prompt else "",
            "text": row.text,
            "items": [(item.text, tuple(item.evidence), item.verified) for item in row.items.all()],
            "coverage": row.coverage,
            "created_at": row.created_at,
        }
        for row in rows
    ]
