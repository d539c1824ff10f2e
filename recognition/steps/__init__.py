"""The steps from sound to words: `Prepare`, `Transcribe`, `Assemble`."""

from recognition.steps.assemble import Assemble
from recognition.steps.prepare import Prepare
from recognition.steps.transcribe import Transcribe

__all__ = ["Assemble", "Prepare", "Transcribe"]
