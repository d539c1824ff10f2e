"""Recordings as notices name them (`NOTICE_SUBJECTS` in wiring)."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.urls import reverse

from notifications.subjects import Subject
from recordings.choices import StepStatus
from recordings.models import Access, Recording, StepRun


def subjects_of(ids: Iterable[str]) -> dict[str, Subject]:
    """Recordings of these ids that are neither deleted nor in the trash."""
    wanted = [UUID(one) for one in ids if _is_id(one)]
    found = Recording.objects.filter(pk__in=wanted, trashed_at__isnull=True)
    return {str(one.pk): _subject(one) for one in found}


def given(ids: Iterable[str]) -> dict[str, Subject]:
    """Access rows of these ids, each as the recording that it opens."""
    wanted = [int(one) for one in ids if one.isdecimal()]
    rows = Access.objects.filter(pk__in=wanted, recording__trashed_at__isnull=True)
    return {str(row.pk): _subject(row.recording) for row in rows.select_related("recording")}


def _subject(recording: Recording) -> Subject:
    return Subject(
        title=str(recording),
        path=reverse("recording", args=[recording.pk]),
        kind=recording.kind,
        status=recording.status,
        error=recording.error or _last_error(recording),
        of=("recording", str(recording.pk)),
    )


def _last_error(recording: Recording) -> dict[str, Any] | None:
    """Of a recording that is being tried again already: why it failed before."""
    failed = StepRun.objects.filter(recording=recording, status=StepStatus.FAILED)
    return failed.order_by("-finished_at").values_list("error", flat=True).first()


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
