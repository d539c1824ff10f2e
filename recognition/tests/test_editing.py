"""Corrections lie over versions, survive a new one where their words stand, and can go again."""

import pytest

from common.errors import Conflict, Invalid, NotFound
from notifications.models import Event
from recognition import documents, selectors, services, versions
from recognition.models import Edit, IndexEntry, Phrase
from recognition.tests.factories import line
from recordings.models import Recording
from recordings.tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def talk() -> Recording:
    made = factories.recording(tracks=2)
    hear(made, (0, "we ship the bugdet on monday"), (1, "fine by me"), (0, "who tells boris"))
    return made


def hear(recording: Recording, *said: tuple[int, str], late: float = 0.0) -> None:
    """A new version, as a run makes it."""
    tracks = list(recording.tracks.all())
    lines = [
        line(tracks[track].pk, f"S{track}", 4.0 * number + late, text)
        for number, (track, text) in enumerate(said)
    ]
    versions.write(recording, run=None, lines=lines, engine="test", language="en")


def laid(recording: Recording):
    transcript = selectors.transcript_of(recording)
    assert transcript
    return selectors.lines_of(transcript)


def texts(recording: Recording) -> list[tuple[str, str]]:
    return [(one.speaker, one.text) for one in laid(recording).lines]


def id_of(recording: Recording, text: str) -> int:
    return next(one.id for one in laid(recording).lines if one.text.startswith(text))


def test_a_word_is_corrected_and_nothing_else_moves(talk: Recording) -> None:
    before = laid(talk).lines[0]
    first = before.id
    services.edit_text(
        talk, line=first, text="we ship the budget on monday", by=talk.owner, seen=before.text
    )
    after = laid(talk).lines[0]
    assert after.id == first
    assert [w["word"] for w in after.words] == ["we", "ship", "the", "budget", "on", "monday"]
    untouched = [0, 1, 2, 4, 5]
    assert [after.words[n] for n in untouched] == [before.words[n] for n in untouched]
    assert after.words[3]["start"] == before.words[3]["start"]
    assert Phrase.objects.filter(text__contains="bugdet").exists()  # the version never changes
    assert IndexEntry.objects.filter(text__contains="budget").count() == 1
    assert not IndexEntry.objects.filter(text__contains="bugdet").exists()
    assert Event.objects.filter(type="transcript.changed").exists()


def test_a_correction_survives_a_new_version_where_its_words_stand(talk: Recording) -> None:
    services.edit_text(
        talk, line=id_of(talk, "we ship"), text="we ship the budget on monday", by=talk.owner
    )
    services.edit_text(talk, line=id_of(talk, "who"), text="who tells Boris?", by=talk.owner)
    hear(
        talk, (0, "well we ship the bugdet on monday okay"), (1, "fine"), (0, "who knows"), late=1.5
    )
    assert texts(talk) == [
        ("S0", "well we ship the budget on monday okay"),
        ("S1", "fine"),
        ("S0", "who knows"),
    ]
    lost = laid(talk).lost
    assert list(Edit.objects.filter(pk__in=lost).values_list("before", flat=True)) == [
        ["who tells boris"]
    ]
    old = selectors.transcript_of(talk, version=1)
    assert old is not None
    assert selectors.lines_of(old).lines[2].text == "who tells Boris?"


def test_a_line_is_split_given_to_another_and_joined_again(talk: Recording) -> None:
    first = id_of(talk, "we ship")
    services.split_line(talk, line=first, at=4, speaker="S1", by=talk.owner)
    assert texts(talk)[:2] == [("S0", "we ship the bugdet"), ("S1", "on monday")]
    one, two = laid(talk).lines[:2]
    assert (one.id, one.end) == (first, one.words[-1]["end"])
    assert (two.start, two.end) == (two.words[0]["start"], two.words[-1]["end"])
    services.edit_text(talk, line=two.id, text="on Tuesday", by=talk.owner)
    services.set_speaker(talk, line=two.id, speaker="Zoe", by=talk.owner)
    assert texts(talk)[1] == ("Zoe", "on Tuesday")
    services.join_lines(talk, line=first, by=talk.owner)
    assert texts(talk)[0] == ("S0", "we ship the bugdet on Tuesday")
    assert len(laid(talk).lines) == 3


def test_a_line_can_be_taken_out_and_brought_back(talk: Recording) -> None:
    (edit,) = services.edit_text(talk, line=id_of(talk, "fine"), text="", by=talk.owner).edits
    assert len(texts(talk)) == 2
    services.undo(edit, by=talk.owner)
    services.undo(edit, by=talk.owner)
    assert len(texts(talk)) == 3
    assert Event.objects.filter(type="transcript.changed").count() == 2


def test_pages_of_lines_go_by_time_also_where_a_line_was_split(talk: Recording) -> None:
    services.split_line(talk, line=id_of(talk, "we ship"), at=2, by=talk.owner)
    transcript = selectors.transcript_of(talk)
    assert transcript
    seen, after = [], 0
    while True:
        page = documents.page(transcript, after=after, limit=1)
        seen += [row["text"] for row in page["phrases"]]
        if page["last"] is None:
            break
        after = page["last"]
    assert seen == ["we ship", "the bugdet on monday", "fine by me", "who tells boris"]
    assert "the bugdet on monday" in documents.export(transcript, "txt").content.decode()


def test_what_can_not_be_corrected_says_why(talk: Recording) -> None:
    first = id_of(talk, "we ship")
    with pytest.raises(NotFound):
        services.edit_text(talk, line=999_999, text="x", by=None)
    with pytest.raises(Conflict, match="meanwhile"):
        services.edit_text(talk, line=first, text="x", by=None, seen="another text")
    with pytest.raises(Conflict, match="already"):
        services.edit_text(talk, line=first, text="we ship the bugdet on monday", by=None)
    with pytest.raises(Invalid):
        services.split_line(talk, line=first, at=6, by=None)
    with pytest.raises(Invalid):
        services.join_lines(talk, line=id_of(talk, "who"), by=None)
    with pytest.raises(Invalid):
        services.set_speaker(talk, line=first, speaker=" \x00 ", by=None)
    with pytest.raises(Invalid):
        services.edit_text(talk, line=first, text="x" * 10_001, by=None)
    assert not Edit.objects.exists()
