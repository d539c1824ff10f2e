"""The admin of words and of the engines that hear them."""

from recognition.admin.engines import EngineAdmin, EngineRequestAdmin
from recognition.admin.words import (
    IndexEntryAdmin,
    PhraseAdmin,
    SpeakerNameAdmin,
    TrackWordsAdmin,
    TranscriptAdmin,
)

__all__ = [
    "EngineAdmin",
    "EngineRequestAdmin",
    "IndexEntryAdmin",
    "PhraseAdmin",
    "SpeakerNameAdmin",
    "TrackWordsAdmin",
    "TranscriptAdmin",
]
