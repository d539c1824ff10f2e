"""JSON in the shape in which the REST API gives a transcript, with all phrases and the summary."""

import json
from typing import Any

from recognition.exports.base import Headings, LineView, TranscriptView


class Json:
    """Text is written as it is stored, unlike in the other formats: nothing obeys it here."""

    extension = "json"
    content_type = "application/json"

    def write(self, view: TranscriptView, headings: Headings) -> bytes:
        document = {
            "id": view.id,
            "version": view.version,
            "title": view.title,
            "language": view.language,
            "engine": view.engine,
            "created_at": view.created_at.isoformat(),
            "started_at": view.started_at.isoformat() if view.started_at else None,
            "duration": view.duration,
            "phrases": [_phrase(line) for line in view.lines],
            "next": None,
            "summary": _summary(view),
        }
        text = json.dumps(document, ensure_ascii=False, indent=1)
        # A lone surrogate can't be written as UTF-8; JSON has its own way to name it.
        return text.encode("utf-8", errors="backslashreplace") + b"\n"


def _phrase(line: LineView) -> dict[str, Any]:
    return {
        "id": line.id,
        "speaker": line.speaker,
        "track": line.track,
        "start": line.start,
        "end": line.end,
        "text": line.text,
        "words": [
            {
                "word": word.word,
                "start": word.start,
                "end": word.end,
                "confidence": word.confidence,
            }
            for word in line.words
        ],
    }


def _summary(view: TranscriptView) -> dict[str, Any] | None:
    if not view.summary and not view.items:
        return None
    items = [
        {"text": item.text, "evidence": list(item.evidence), "verified": item.verified}
        for item in view.items
    ]
    return {"text": view.summary, "items": items, "stale": view.stale}
