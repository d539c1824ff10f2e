"""Every format is read back by the programs that people use, hostile text included."""

import html
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pysubs2
import pytest
from django.utils import translation
from django.utils.http import content_disposition_header
from docx import Document

from common.texts import one_row
from recognition.assembly.values import Word
from recognition.exports.base import (
    Headings,
    LineView,
    SummaryItemView,
    TranscriptView,
    safe_name,
)
from recognition.exports.cues import cues_of
from recognition.exports.headings import translated
from recognition.exports.registry import FORMATS, export

HOSTILE = (
    "<script>alert(1)</script> {{ 7*7 }} {% raise %} {\\an8\\p1} a\\Nb & \x00\x1b[31m "
    "\u202eевил\u202c --> Ёжик 👩‍🚀 \ud800 end"
)
SEEN = (
    "<script>alert(1)</script> {{ 7*7 }} {% raise %} {\\an8\\p1} a\\Nb & [31m "
    "евил --> Ёжик 👩‍🚀 end"
)


def spoken(
    text: str, start: float, *, number: int = 1, speaker: str = "Alice", pace: float = 0.4
) -> LineView:
    words = tuple(
        Word(word, start + at * pace, start + at * pace + 0.3, 0.9)
        for at, word in enumerate(text.split())
    )
    return LineView(number, speaker, start, words[-1].end, text, words, track=7)


def transcript(*lines: LineView, title: str = "Product meeting") -> TranscriptView:
    return TranscriptView(
        id=5,
        version=2,
        title=title,
        language="en",
        engine="fake",
        created_at=datetime(2026, 3, 2, 10, 30, tzinfo=UTC),
        started_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        duration=3725.4,
        lines=lines,
        summary="The launch moves.",
        items=(
            SummaryItemView("The launch moves to March ninth.", (2,)),
            SummaryItemView("Boris likes tea.", (), verified=False),
        ),
    )


MEETING = transcript(
    spoken("Good morning everyone.", 0.5, number=1),
    spoken("The launch moves to March ninth.", 65.0, number=2, speaker="Борис"),
)


def rows_of_docx(content: bytes) -> list[str]:
    return [paragraph.text for paragraph in Document(io.BytesIO(content)).paragraphs]


def read_subtitles(content: bytes, form: str) -> list[pysubs2.SSAEvent]:
    read = pysubs2.SSAFile.from_string(
        content.decode(), form, keep_unknown_html_tags=True, keep_html_tags=True
    )
    return list(read)


def test_text_shows_time_speaker_and_summary_with_its_evidence() -> None:
    file = export(MEETING, to="txt")
    text = file.content.decode()
    assert file.name == "Product meeting.txt"
    assert "[0:00:00] Alice: Good morning everyone.\n" in text
    assert "[0:01:05] Борис: The launch moves to March ninth.\n" in text
    assert "- The launch moves to March ninth. (0:01:05)\n- Boris likes tea. (not verified)" in text
    assert "Duration: 1:02:05" in text


def test_a_line_of_text_cannot_pretend_to_be_another_speaker() -> None:
    forged = spoken("Yes.", 1.0)
    forged = replace(forged, text="Yes.\n[0:00:02] Борис: I owe you a million.\u2028Sure.")
    text = export(transcript(forged), to="txt").content.decode()
    rows = [row for row in text.splitlines() if row.startswith("[")]
    assert rows == ["[0:00:01] Alice: Yes. [0:00:02] Борис: I owe you a million. Sure."]


def test_json_has_the_shape_of_the_api() -> None:
    document = json.loads(export(MEETING, to="json").content)
    assert set(document) >= {"id", "version", "language", "engine", "created_at", "phrases", "next"}
    assert set(document["phrases"][0]) == {
        "id", "speaker", "track", "start", "end", "text", "words",
    }  # fmt: skip
    assert document["phrases"][1]["speaker"] == "Борис"
    assert document["phrases"][0]["words"][0] == {
        "word": "Good", "start": 0.5, "end": 0.8, "confidence": 0.9,
    }  # fmt: skip
    assert document["summary"]["items"][0]["evidence"] == [2]


def test_subtitles_name_a_speaker_when_he_begins() -> None:
    first, second = read_subtitles(export(MEETING, to="srt").content, "srt")
    assert first.text == "Alice: Good morning everyone."
    assert (first.start, first.end) == (500, 1600)
    assert second.text == "Борис: The launch moves to March ninth."
    alone = export(transcript(spoken("Good morning.", 0.5)), to="srt")
    assert read_subtitles(alone.content, "srt")[0].text == "Good morning."


def test_web_subtitles_carry_the_voice() -> None:
    content = export(MEETING, to="vtt").content.decode()
    assert content.startswith("WEBVTT\n\n")
    assert "<v Борис>The launch moves to March ninth.</v>" in content
    assert "00:01:05.000 --> 00:01:07.300" in content


def test_long_speech_is_cut_into_subtitles_that_can_be_read() -> None:
    sentence = "We looked at the numbers of the last quarter, and nobody had expected them at all."
    line = spoken(" ".join([sentence] * 8), 10.0)
    cues = cues_of([line, spoken("Yes.", 200.0)], name_speakers=True)
    assert all(len(row) <= 42 for cue in cues for row in cue.rows)
    assert all(len(cue.rows) <= 2 for cue in cues)
    assert all(0.5 <= cue.end - cue.start <= 7.0 for cue in cues)
    assert all(cue.end <= after.start for cue, after in pairwise(cues))
    shown = " ".join(row for cue in cues[:-1] for row in cue.rows)
    assert shown == f"Alice: {line.text}"
    starts = {round(word.start, 3) for word in line.words}
    assert {round(cue.start, 3) for cue in cues[:-1]} <= starts
    assert cues[-1].end - cues[-1].start == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["а" * 500, "会議" * 100, "word " * 300, "x", "…"])
def test_any_text_fits_into_subtitles_even_without_times_of_words(text: str) -> None:
    cues = cues_of([LineView(1, "A" * 300, 3.0, 60.0, text)], name_speakers=True)
    assert all(len(row) <= 42 for cue in cues for row in cue.rows)
    assert all(len(cue.rows) <= 2 for cue in cues)
    assert cues[0].start == 3.0
    assert cues[-1].end == pytest.approx(60.0, abs=0.3)
    shown = "".join(row for cue in cues for row in cue.rows)
    assert shown.replace(" ", "").endswith(text.replace(" ", ""))


def test_word_document_has_headings_in_the_readers_language() -> None:
    headings = Headings(transcript="Расшифровка", summary="Резюме", duration="Длительность")
    rows = rows_of_docx(export(MEETING, to="docx", headings=headings).content)
    assert rows[0] == "Product meeting"
    assert "Резюме" in rows
    assert "Расшифровка" in rows
    assert "Длительность: 1:02:05" in rows
    assert "0:01:05  Борис: The launch moves to March ninth." in rows
    assert not [row for row in rows if "{" in row]


def test_word_document_without_summary_has_no_heading_for_it() -> None:
    bare = replace(MEETING, summary="", items=())
    assert "Summary" not in rows_of_docx(export(bare, to="docx").content)


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_text_survives_and_does_nothing(form: str) -> None:
    line = LineView(1, "<b>{{ 7*7 }}</b>", 1.0, 4.0, HOSTILE, track=1)
    view = replace(
        transcript(line, title=HOSTILE),
        summary=HOSTILE,
        items=(SummaryItemView(HOSTILE, (1,)),),
    )
    content = export(view, to=form).content
    if form == "json":
        document = json.loads(content)
        assert (document["title"], document["phrases"][0]["text"]) == (HOSTILE, HOSTILE)
    elif form == "txt":
        assert f"<b>{{{{ 7*7 }}}}</b>: {SEEN}" in content.decode()
    elif form == "docx":
        rows = rows_of_docx(content)
        assert rows[0] == SEEN
        assert f"0:00:01  <b>{{{{ 7*7 }}}}</b>: {SEEN}" in rows
        assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    else:
        # The reader gives ends of rows as "\\N"; the one that was said reads the same there.
        said = " ".join(event.text for event in read_subtitles(content, form)).replace("\\N", " ")
        if form == "vtt":
            said = html.unescape(re.sub(r"</?v[^>]*>", "", said))
        shown = SEEN if form == "vtt" else SEEN.replace("-->", "→")
        assert said == shown.replace("\\N", " ")
        assert "a\\Nb" in content.decode()
        assert content.decode().count("-->") == len(read_subtitles(content, form))


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_transcript_is_a_valid_file(form: str) -> None:
    empty = replace(transcript(title=""), started_at=None, summary="", items=())
    file = export(empty, to=form)
    assert file.name == f"transcript.{form}"
    if form in {"srt", "vtt"}:
        assert read_subtitles(file.content, form) == []
    elif form == "json":
        assert json.loads(file.content)["phrases"] == []
    elif form == "docx":
        assert rows_of_docx(file.content)[0] == "Untitled"
    else:
        assert file.content.decode().startswith("Untitled\n")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Совещание 9 марта", "Совещание 9 марта.txt"),
        ("../../etc/passwd", "etc_passwd.txt"),
        ('a"\r\nSet-Cookie: x=1', "a_ Set-Cookie_ x=1.txt"),
        ("C:\\new|*?", "C__new.txt"),
        ("\u202etxt.exe", "txt.exe.txt"),
        ("...", "transcript.txt"),
        ("\ud800", "transcript.txt"),
    ],
)
def test_names_of_files_are_safe(title: str, expected: str) -> None:
    assert safe_name(title, "txt") == expected
    header = content_disposition_header(as_attachment=True, filename=expected)
    assert header is not None
    assert "\n" not in header


def test_long_names_are_cut_between_letters() -> None:
    name = safe_name("Ё" * 300, "docx")
    assert name == "Ё" * 60 + ".docx"


def test_cleaning_keeps_what_people_write() -> None:
    assert one_row("Привет 👨‍👩‍👧 🇷🇺 می‌خواهم \t 会議") == "Привет 👨‍👩‍👧 🇷🇺 می‌خواهم 会議"


def test_headings_follow_the_active_language() -> None:
    with translation.override("en"):
        assert translated() == Headings()
