"""Writing to the text index. Owners of text call this in the transaction that writes the text."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from recognition.models import IndexEntry
from recordings.models import Recording


def replace(
    recording: Recording, kind: IndexEntry.Kind, entries: Iterable[Mapping[str, Any]]
) -> None:
    """Everything of one kind that can be found of a recording: `object_id`, `text`, `start`."""
    IndexEntry.objects.filter(recording=recording, kind=kind).delete()
    IndexEntry.objects.bulk_create(
        [IndexEntry(recording=recording, kind=kind, **entry) for entry in entries],
        batch_size=1000,
    )


def update(
    recording: Recording,
    kind: IndexEntry.Kind,
    *,
    put: Iterable[Mapping[str, Any]],
    remove: Sequence[int],
) -> None:
    """Some entries of one kind anew, some gone, the others as they are."""
    wanted = [IndexEntry(recording=recording, kind=kind, **entry) for entry in put]
    stale = [*remove, *(entry.object_id for entry in wanted)]
    IndexEntry.objects.filter(recording=recording, kind=kind, object_id__in=stale).delete()
    IndexEntry.objects.bulk_create(wanted, batch_size=1000)


def replace_title(recording: Recording) -> None:
    entries = [{"text": recording.title, "start": 0.0}] if recording.title else []
    replace(recording, IndexEntry.Kind.TITLE, entries)
