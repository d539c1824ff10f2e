"""A recording as the pages show it: its row plus where it stands in the queue."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from recordings import selectors
from recordings.choices import RecordingStatus
from recordings.models import Recording
from recordings.wording import told

TONES = {
    RecordingStatus.WAITING_MEDIA: "warn",
    RecordingStatus.READY: "plain",
    RecordingStatus.PROCESSING: "info",
    RecordingStatus.DONE: "ok",
    RecordingStatus.FAILED: "danger",
    RecordingStatus.CANCELLED: "plain",
}
MOVING = frozenset({RecordingStatus.WAITING_MEDIA, RecordingStatus.PROCESSING})


@dataclass(frozen=True, slots=True)
class Row:
    """What the list and the status block of one recording need."""

    recording: Recording
    progress: float
    """0-100 of the run under way."""
    queue: dict[str, int] | None
    """`{"position", "eta_s"}`; position 0 is being worked on."""

    @property
    def tone(self) -> str:
        return TONES[RecordingStatus(self.recording.status)]

    @property
    def moving(self) -> bool:
        """True while its status changes by itself."""
        return self.recording.status in MOVING

    @property
    def waits(self) -> bool:
        return bool(self.queue and self.queue["position"])

    @property
    def error(self) -> dict[str, Any] | None:
        return told(self.recording.error)


def rows_of(recordings: Iterable[Recording]) -> list[Row]:
    """Rows in the order given; two queries, however many recordings."""
    found = list(recordings)
    ids = [one.pk for one in found if one.status in MOVING]
    progress = selectors.progress_of(ids) if ids else {}
    queue: dict[Any, dict[str, int]] = selectors.queue_of(ids)
    return [Row(one, progress.get(one.pk, 0.0), queue.get(one.pk)) for one in found]
