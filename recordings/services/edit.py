"""Changing what a recording says of itself."""

from django.db import transaction

from notifications import events
from recordings.models import Recording
from recordings.services import titles, values


def describe(
    recording: Recording, *, title: str | None = None, language: str | None = None
) -> Recording:
    """Set its title or language; None leaves it. Raises Invalid, Recording.DoesNotExist."""
    given = {
        "title": None if title is None else values.clean_text(title),
        "language": None if language is None else values.check_language(language),
    }
    changed = {name: value for name, value in given.items() if value is not None}
    if not changed:
        return recording
    with transaction.atomic():
        recording = Recording.objects.select_for_update().get(pk=recording.pk)
        for name, value in changed.items():
            setattr(recording, name, value)
        recording.save(update_fields=[*changed, "updated_at"])
        if "title" in changed:
            titles.note(recording)
        events.append(
            events.RECORDING_CHANGED,
            object_type="recording",
            object_id=recording.pk,
            topic=f"recording:{recording.pk}",
            data={"fields": sorted(changed)},
        )
    return recording
