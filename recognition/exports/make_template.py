"""Make `templates/transcript.docx`: run `python -m recognition.exports.make_template`."""

from datetime import UTC, datetime

from docx import Document
from docx.shared import Pt, RGBColor

from recognition.exports.docx import TEMPLATE


def main() -> None:
    """Write the template; its tags are docxtpl's (Jinja)."""
    document = Document()
    document.core_properties.author = "SAI"
    document.core_properties.created = datetime(2025, 1, 1, tzinfo=UTC)
    document.core_properties.comments = ""
    document.styles["Normal"].font.name = "Calibri"
    document.styles["Normal"].font.size = Pt(11)
    document.add_heading("{{ content.title }}", 0)
    for text in (
        "{%p for detail in content.details %}",
        "{{ detail }}",
        "{%p endfor %}",
        "{%p if content.summary or content.items %}",
    ):
        document.add_paragraph(text)
    document.add_heading("{{ headings.summary }}", 1)
    for text in ("{%p if content.summary %}", "{{ content.summary }}", "{%p endif %}"):
        document.add_paragraph(text)
    document.add_paragraph("{%p for item in content.items %}")
    document.add_paragraph("{{ item }}", style="List Bullet")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{%p endif %}")
    document.add_heading("{{ headings.transcript }}", 1)
    document.add_paragraph("{%p for row in content.rows %}")
    row = document.add_paragraph()
    row.add_run("{{ row.time }}  ").font.color.rgb = RGBColor(0x70, 0x70, 0x70)
    row.add_run("{% if row.speaker %}{{ row.speaker }}: {% endif %}").bold = True
    row.add_run("{{ row.text }}")
    document.add_paragraph("{%p endfor %}")
    document.save(str(TEMPLATE))


if __name__ == "__main__":
    main()
