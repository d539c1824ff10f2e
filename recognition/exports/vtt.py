"""WebVTT subtitles; the speaker stands in a voice tag."""

from html import escape

from recognition.exports.base import Headings, TranscriptView
from recognition.exports.cues import Cue, cues_of
from recognition.exports.subtitles import write_subtitles


class Vtt:
    """Text is escaped as WebVTT asks: `&lt;`, `&gt;` and `&amp;`."""

    extension = "vtt"
    content_type = "text/vtt; charset=utf-8"

    def write(self, view: TranscriptView, headings: Headings) -> bytes:
        cues = cues_of(view.lines, name_speakers=False)
        return write_subtitles(((cue.start, cue.end, _text(cue)) for cue in cues), to="vtt")


def _text(cue: Cue) -> str:
    text = escape("\n".join(cue.rows), quote=False)
    # Inside a tag only ">" and "&" have a meaning.
    return f"<v {escape(cue.speaker, quote=False)}>{text}</v>" if cue.speaker else text
