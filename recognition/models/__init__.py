"""What was heard, its transcripts and their index; engines of the gateway and what they did."""

from recognition.models.edits import Edit
from recognition.models.engines import Engine, EngineOutput, EngineRequest, Outcome
from recognition.models.heard import IndexEntry, Phrase, SpeakerName, TrackWords, Transcript

__all__ = [
    "Edit",
    "Engine",
    "EngineOutput",
    "EngineRequest",
    "IndexEntry",
    "Outcome",
    "Phrase",
    "SpeakerName",
    "TrackWords",
    "Transcript",
]
