"""SubRip subtitles; the speaker's name stands before the first of his words."""

from recognition.exports.base import Headings, TranscriptView
from recognition.exports.cues import cues_of
from recognition.exports.subtitles import write_subtitles


class Srt:
    """SubRip has no way to escape, so an arrow that would begin a new subtitle becomes `→`."""

    extension = "srt"
    content_type = "application/x-subrip; charset=utf-8"

    def write(self, view: TranscriptView, headings: Headings) -> bytes:
        several = len({line.speaker for line in view.lines}) > 1
        cues = cues_of(view.lines, name_speakers=several)
        return write_subtitles(
            ((cue.start, cue.end, "\n".join(cue.rows).replace("-->", "→")) for cue in cues),
            to="srt",
        )
