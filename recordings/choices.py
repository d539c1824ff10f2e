"""Statuses, and in one place which may follow which.

The database constraints, the OpenAPI enums and the admin's labels come from here.
"""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    MEETING = "meeting", _("Meeting")
    CALL = "call", _("Call")
    UPLOAD = "upload", _("Upload")
    VOICE = "voice", _("Voice message")


class RecordingStatus(TextChoices):
    WAITING_MEDIA = "waiting_media", _("Waiting for sound")
    READY = "ready", _("Ready")
    PROCESSING = "processing", _("Processing")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class RunStatus(TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class StepStatus(TextChoices):
    PENDING = "pending", _("Pending")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("Skipped")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class TrackStatus(TextChoices):
    PENDING = "pending", _("Pending")
    STORED = "stored", _("Stored")
    MISSING = "missing", _("Missing")
    PURGED = "purged", _("Purged")


class Queue(TextChoices):
    DOWNLOAD = "download", _("Download")
    CPU = "cpu", _("CPU")
    GPU = "gpu", _("GPU")
    LLM = "llm", _("Language models")


class Executor(TextChoices):
    """Who may claim a step."""

    ANY = "any", _("Anybody")
    LOCAL = "local", _("Our own workers")
    ENGINE = "engine", _("Engines of the gateway")


class Priority(IntegerChoices):
    """Classes: a lower one is served first, whatever waits in the others."""

    LIVE = 0, _("Live")
    HIGH = 10, _("High")
    NORMAL = 20, _("Normal")
    LOW = 30, _("Low")


class Right(TextChoices):
    VIEW = "view", _("View")
    COMMENT = "comment", _("Comment")
    EDIT = "edit", _("Edit")
    RUN = "run", _("Run")
    SHARE = "share", _("Share")
    DELETE = "delete", _("Delete")


R, U, S, T = RecordingStatus, RunStatus, StepStatus, TrackStatus
_ENDED = {R.DONE, R.FAILED, R.CANCELLED}

TRANSITIONS: dict[type[TextChoices], dict[TextChoices, set]] = {
    RecordingStatus: {
        R.WAITING_MEDIA: {R.READY, R.PROCESSING, R.FAILED, R.CANCELLED},
        R.READY: {R.PROCESSING, R.CANCELLED},
        R.PROCESSING: _ENDED | {R.READY},
        R.DONE: {R.PROCESSING},
        R.FAILED: {R.PROCESSING},
        R.CANCELLED: {R.PROCESSING},
    },
    RunStatus: {
        U.QUEUED: {U.RUNNING, U.DONE, U.FAILED, U.CANCELLED},
        U.RUNNING: {U.DONE, U.FAILED, U.CANCELLED},
        U.DONE: set(),
        U.FAILED: set(),
        U.CANCELLED: set(),
    },
    StepStatus: {
        S.PENDING: {S.RUNNING, S.SKIPPED, S.CANCELLED},
        S.RUNNING: {S.PENDING, S.DONE, S.SKIPPED, S.FAILED, S.CANCELLED},
        S.DONE: set(),
        S.SKIPPED: set(),
        S.FAILED: set(),
        S.CANCELLED: set(),
    },
    TrackStatus: {
        T.PENDING: {T.STORED, T.MISSING},
        T.STORED: {T.PURGED},
        T.MISSING: {T.PENDING, T.STORED},
        T.PURGED: set(),
    },
}
"""status -> statuses that may follow. A trigger made from this table refuses every other change."""

PASSED = frozenset({S.DONE, S.SKIPPED})
LIVE_RUN = frozenset({U.QUEUED, U.RUNNING})
