"""A Word document from `templates/transcript.docx` (made by `make_template.py`)."""

from io import BytesIO
from pathlib import Path

from recognition.exports.base import Headings, TranscriptView
from recognition.exports.content import content_of

TEMPLATE = Path(__file__).parent / "templates" / "transcript.docx"


class Docx:
    """Values are escaped and never read as a template."""

    extension = "docx"
    content_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    def write(self, view: TranscriptView, headings: Headings) -> bytes:
        from docxtpl import DocxTemplate

        content = content_of(view, headings)
        template = DocxTemplate(TEMPLATE)
        template.render({"content": content, "headings": headings}, autoescape=True)
        # The property holds at most 255 characters.
        template.docx.core_properties.title = content.title[:255]
        written = BytesIO()
        template.save(written)
        return written.getvalue()
