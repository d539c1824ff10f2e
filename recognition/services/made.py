"""What engines made of a recording's sound goes when the sound goes."""

from recognition.models import EngineOutput
from recordings.models import Recording, StoredFile


def forget_made_sound(recording: Recording) -> list[StoredFile]:
    """Forgets the sound that engines made of it; the files, whose rows the caller deletes."""
    made = EngineOutput.objects.filter(recording=recording).select_related("file")
    files = [one.file for one in made]
    made.delete()
    return files
