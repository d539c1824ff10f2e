"""What others may ask of transcripts."""

from recognition.services.editing import (
    Change,
    change_line,
    edit_text,
    join_lines,
    set_speaker,
    split_line,
    undo,
)
from recognition.services.leaving_out import leave_out
from recognition.services.made import forget_made_sound
from recognition.services.speakers import rename_speaker

__all__ = [
    "Change",
    "change_line",
    "edit_text",
    "forget_made_sound",
    "join_lines",
    "leave_out",
    "rename_speaker",
    "set_speaker",
    "split_line",
    "undo",
]
