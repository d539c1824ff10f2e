"""The admin of recordings: what came in, its journey, who may see it, where its bytes are kept.

Whatever changes something asks `recordings.services`: rules, events and audit hold here too.
"""

from recordings.admin.access import AccessAdmin
from recordings.admin.journey import RunAdmin, StepRunAdmin, StepSpeedAdmin
from recordings.admin.recording import RecordingAdmin
from recordings.admin.retention import RetentionRuleAdmin
from recordings.admin.storage import StorageSettingsAdmin, StoredFileAdmin
from recordings.admin.track import TrackAdmin

__all__ = [
    "AccessAdmin",
    "RecordingAdmin",
    "RetentionRuleAdmin",
    "RunAdmin",
    "StepRunAdmin",
    "StepSpeedAdmin",
    "StorageSettingsAdmin",
    "StoredFileAdmin",
    "TrackAdmin",
]
