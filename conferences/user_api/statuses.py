"""The status numbers of the shipping product, and what they mean of a recording here.

3 not recognized: nobody asked, sound is missing, or it failed or was cancelled; 6 recognizing: from
the queue to the written text; 8 recognized: there is text, also while only its meaning is worked
on, and also when a later attempt failed.
"""

from enum import IntEnum
from typing import Any

from django.db.models import Case, Exists, IntegerField, OuterRef, QuerySet, Value, When

from recognition.models import Transcript
from recordings.choices import LIVE_RUN, RecordingStatus, RunStatus, StepStatus
from recordings.models import Recording, StepRun


class StatusId(IntEnum):
    NOT_RECOGNIZED = 3
    RECOGNIZING = 6
    RECOGNIZED = 8


HEARING = "recognition."
"""How the names of steps begin that make text of sound."""
NAMES = {
    RecordingStatus.WAITING_MEDIA: "waiting_media",
    RecordingStatus.READY: "not_requested",
    RecordingStatus.DONE: "not_requested",
    RecordingStatus.FAILED: "failed",
    RecordingStatus.CANCELLED: "cancelled",
}
"""Of what has no text; it may be done all the same: another pipeline was."""


def annotate(recordings: QuerySet[Recording]) -> QuerySet[Any]:
    """With `status_id`, a StatusId."""
    heard = Exists(Transcript.objects.filter(recording=OuterRef("pk")))
    hearing = Exists(
        StepRun.objects.filter(
            recording=OuterRef("pk"),
            run__status__in=LIVE_RUN,
            status__in=(StepStatus.PENDING, StepStatus.RUNNING),
            step__startswith=HEARING,
        )
    )
    at_work = {"status": RecordingStatus.PROCESSING}
    return recordings.annotate(
        status_id=Case(
            When(hearing, **at_work, then=Value(StatusId.RECOGNIZING)),
            When(heard, then=Value(StatusId.RECOGNIZED)),
            When(**at_work, then=Value(StatusId.RECOGNIZING)),
            default=Value(StatusId.NOT_RECOGNIZED),
            output_field=IntegerField(),
        )
    )


def name_of(status_id: int, status: str, run_status: str) -> str:
    """The status in a word: one of `WORDS`."""
    if status_id == StatusId.RECOGNIZED:
        return "recognized"
    if status_id == StatusId.RECOGNIZING:
        return "queued" if run_status == RunStatus.QUEUED else "recognizing"
    return NAMES.get(RecordingStatus(status), "not_requested")


WORDS = (
    "not_requested",
    "waiting_media",
    "queued",
    "recognizing",
    "recognized",
    "failed",
    "cancelled",
)
NUMBERS: dict[str, Any] = {
    str(int(StatusId.NOT_RECOGNIZED)): "not recognized",
    str(int(StatusId.RECOGNIZING)): "recognizing",
    str(int(StatusId.RECOGNIZED)): "recognized",
}
