"""Files without the names of those who speak in them."""

import datetime as dt
import io
import json
import zipfile
from pathlib import Path

import pytest

from recognition.assembly.values import Word
from recognition.exports.anonymous import without_names
from recognition.exports.base import LineView, SummaryItemView, TranscriptView
from recognition.models import SpeakerName
from recognition.tests.factories import transcript
from recordings.tests import doors, factories


def view(*said: tuple[str, str], **more: str) -> TranscriptView:
    lines = tuple(
        LineView(n, who, n, n + 1, text, tuple(Word(w, n, n + 1) for w in text.split()))
        for n, (who, text) in enumerate(said)
    )
    return TranscriptView(
        id=1,
        version=1,
        title=more.get("title", ""),
        language="en",
        engine="",
        created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        started_at=None,
        duration=9,
        lines=lines,
        summary=more.get("summary", ""),
        items=(SummaryItemView(more.get("item", "")),),
    )


def hidden(*said: tuple[str, str], **more: str) -> TranscriptView:
    return without_names(view(*said, **more), speaker="Speaker {number}")


def test_names_become_numbers_in_order_of_speaking() -> None:
    found = hidden(
        ("Igor Semenov", "Anna, it is ready."),
        ("Anna-Maria", "Thanks, IGOR! Semenovs know."),
        ("Igor Semenov", "Ask Igor Semenov."),
        title="Talk with Igor",
        summary="Anna-Maria asks.",
        item="semenov answers",
    )
    assert [line.speaker for line in found.lines] == ["Speaker 1", "Speaker 2", "Speaker 1"]
    assert [line.text for line in found.lines] == [
        "Speaker 2, it is ready.",
        "Thanks, Speaker 1! Semenovs know.",
        "Ask Speaker 1.",
    ]
    assert [word.word for word in found.lines[1].words][:2] == ["Thanks,", "Speaker 1!"]
    assert (found.title, found.summary) == ("Talk with Speaker 1", "Speaker 2 asks.")
    assert found.items[0].text == "Speaker 1 answers"


def test_a_name_that_two_share_says_of_nobody_who_it_is() -> None:
    found = hidden(("Anna North", "Boris North said so"), ("Boris North", "North? Anna did"))
    assert [line.text for line in found.lines] == ["Speaker 2 said so", "***? Speaker 1 did"]


def test_short_parts_and_made_up_names_are_no_names() -> None:
    found = hidden(("Al Bo", "bo al"), ("Speaker 7", "the speaker is on"), ("", "x"))
    assert [line.text for line in found.lines] == ["bo al", "the speaker is on", "x"]
    assert [line.speaker for line in found.lines] == ["Speaker 1", "Speaker 2", "Speaker 3"]


def test_signs_in_a_name_are_only_signs() -> None:
    found = hidden(("Ann (.*) +", "all Ann (.*) + said"))
    assert found.lines[0].text == "all Speaker 1 said"


def read(content: bytes) -> bytes:
    """What stands in a file, in a packed one, too."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return b"\n".join(packed.read(name) for name in packed.namelist())


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["txt", "srt", "vtt", "json", "docx"])
def test_no_file_names_anybody(root: Path, form: str) -> None:
    owner = factories.user()
    recording = factories.recording(owner=owner)
    recording.title = "Zebulon and Xanthippe"
    recording.save()
    transcript(recording, [("Xanthippe", "Zebulon knows"), ("Other", "so does Xanthippe")])
    SpeakerName.objects.create(recording=recording, label="Other", name="Zebulon")
    where = f"{doors.URL}{recording.pk}/transcript/export/?format={form}"
    named = doors.caller(owner).get(where)
    answer = doors.caller(owner).get(f"{where}&anonymous=true")
    assert answer.status_code == 200
    assert b"Zebulon" in read(named.content)
    for name in ("Zebulon", "Xanthippe", "Other"):
        assert name.encode() not in read(answer.content)
        assert name not in answer["Content-Disposition"]
    if form == "json":
        assert {one["speaker"] for one in json.loads(answer.content)["phrases"]} == {
            "Speaker 1",
            "Speaker 2",
        }
