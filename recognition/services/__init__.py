"""What others may ask of transcripts."""

from recognition.services.speakers import rename_speaker

__all__ = ["rename_speaker"]
