"""Recordings with their tracks and rights; runs with their steps; where bytes are kept."""

from recordings.models.access import Access
from recordings.models.journey import Run, StepRun, StepSpeed
from recordings.models.recording import Recording, Track
from recordings.models.retention import RetentionRule
from recordings.models.storage import StorageSettings, StoredFile

__all__ = [
    "Access",
    "Recording",
    "RetentionRule",
    "Run",
    "StepRun",
    "StepSpeed",
    "StorageSettings",
    "StoredFile",
    "Track",
]
