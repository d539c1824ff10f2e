"""The list of a recording's corrections, as people read it."""

from typing import Any

from recognition import selectors
from recognition.models import Edit
from recordings.models import Recording

APPLIED, LOST, UNDONE = "applied", "lost", "undone"
"""Where a correction stands: it lies over the newest version, its words don't stand there (any
more), or it was taken back."""


def page(
    recording: Recording, *, before: int | None = None, limit: int = 100
) -> tuple[list[dict[str, Any]], int | None]:
    """(rows, newest first, made before the correction `before`; the id to go on with, or None)."""
    found = Edit.objects.filter(recording=recording).select_related("author").order_by("-pk")
    if before is not None:
        found = found.filter(pk__lt=before)
    edits = list(found[: limit + 1])
    more, edits = len(edits) > limit, edits[:limit]
    lost = lost_of(recording) if edits else frozenset()
    names = selectors.names_of(recording)
    return [_row(edit, lost, names) for edit in edits], edits[-1].pk if more else None


def lost_of(recording: Recording) -> frozenset[int]:
    """Ids of the corrections whose words don't stand in the newest version."""
    transcript = selectors.transcript_of(recording)
    return frozenset(selectors.lines_of(transcript).lost if transcript else ())


def _row(edit: Edit, lost: frozenset[int], names: dict[str, str]) -> dict[str, Any]:
    state = UNDONE if edit.undone_at else LOST if edit.pk in lost else APPLIED
    author = edit.author
    speaker = edit.after.get("speaker", "")
    return {
        "id": edit.pk,
        "kind": edit.kind,
        "kind_name": edit.get_kind_display(),
        "state": state,
        "by": (author.get_full_name() or author.get_username()) if author else None,
        "at": edit.created_at,
        "undone_at": edit.undone_at,
        "version": edit.version,
        "line": edit.after.get("line"),
        "track": edit.track_id,
        "start": edit.start,
        "end": edit.end,
        "before": edit.before,
        "text": edit.after.get("text"),
        "speaker": names.get(speaker, speaker) or None,
        "split_at": edit.after.get("at"),
    }
