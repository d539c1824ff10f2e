"""Plain text: title, summary, then one row per line with time and speaker."""

from recognition.exports.base import Headings, TranscriptView
from recognition.exports.content import content_of


class Txt:
    """UTF-8 with a newline at the end."""

    extension = "txt"
    content_type = "text/plain; charset=utf-8"

    def write(self, view: TranscriptView, headings: Headings) -> bytes:
        content = content_of(view, headings)
        rows = [content.title, *content.details, ""]
        if content.summary or content.items:
            rows += [headings.summary, ""]
            rows += [content.summary] if content.summary else []
            rows += [f"- {item}" for item in content.items] + [""]
        rows += [headings.transcript, ""]
        for row in content.rows:
            speaker = f"{row.speaker}: " if row.speaker else ""
            rows.append(f"[{row.time}] {speaker}{row.text}")
        return ("\n".join(rows) + "\n").encode()
