"""What others may ask of transcripts."""

from recognition.services.leaving_out import leave_out
from recognition.services.made import forget_made_sound
from recognition.services.speakers import rename_speaker

__all__ = ["forget_made_sound", "leave_out", "rename_speaker"]
