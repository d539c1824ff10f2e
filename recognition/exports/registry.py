"""The getter: an exporter by the name of its format."""

from recognition.exports.base import (
    ExportedFile,
    Exporter,
    Headings,
    TranscriptView,
    safe_name,
)
from recognition.exports.docx import Docx
from recognition.exports.json import Json
from recognition.exports.srt import Srt
from recognition.exports.txt import Txt
from recognition.exports.vtt import Vtt

EXPORTERS: dict[str, Exporter] = {
    "txt": Txt(),
    "srt": Srt(),
    "vtt": Vtt(),
    "json": Json(),
    "docx": Docx(),
}

FORMATS = tuple(EXPORTERS)

DEFAULT_HEADINGS = Headings()


def export(view: TranscriptView, *, to: str, headings: Headings = DEFAULT_HEADINGS) -> ExportedFile:
    """Write the transcript in the format `to`. Raises KeyError for a name not in `FORMATS`."""
    exporter = EXPORTERS[to]
    return ExportedFile(
        name=safe_name(view.title, exporter.extension),
        content_type=exporter.content_type,
        content=exporter.write(view, headings),
    )
