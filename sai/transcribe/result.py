"""Writing what was asked for: to stdout, into a file, or into a folder."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from recognition import documents
from recognition import selectors as recognition
from recordings.choices import RecordingStatus
from recordings.models import Recording
from recordings.wording import told
from sai.transcribe.files import Refused


def write(
    recordings: Sequence[Recording], *, format: str, summary: bool, output: Path | None
) -> None:
    """All results or none: a recording that failed is refused before anything is written."""
    made = [_export(recording, format, summary=summary) for recording in recordings]
    if output is None:
        for content, _ in made:
            sys.stdout.buffer.write(content)
            if format != "docx" and not content.endswith(b"\n"):
                sys.stdout.buffer.write(b"\n")
        sys.stdout.flush()
    elif len(made) == 1 and not output.is_dir():
        _replace(output, made[0][0])
    else:
        output.mkdir(parents=True, exist_ok=True)
        for content, name in made:
            _replace(output / name, content)


def _export(recording: Recording, format: str, *, summary: bool) -> tuple[bytes, str]:
    recording.refresh_from_db()
    title = recording.title or str(recording.pk)
    if recording.status != RecordingStatus.DONE:
        error = told(recording.error) or {}
        reason = error.get("message") or f"it was {recording.status}"
        raise Refused(f"{title}: {reason} {error.get('next_action', '')}".rstrip())
    transcript = recognition.transcript_of(recording)
    if transcript is None:
        raise Refused(f"{title}: there is no transcript")
    file = documents.export(transcript, format, summary=summary)
    return file.content, file.name


def _replace(path: Path, content: bytes) -> None:
    """The file appears whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Refused(f"cannot write {path}: {error.strerror}") from error
