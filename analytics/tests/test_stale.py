"""A summary made before words were corrected, or heard anew, says so."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import tokens
from analytics import selectors, services
from analytics.models import Summary
from recognition import documents
from recognition import selectors as recognition
from recognition import services as words
from recognition.tests.factories import transcript
from recordings import tasks
from recordings.models import Recording
from recordings.tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
SAID = [
    ("S1", "We ship the budget on Monday and the contract goes to Boris on Tuesday"),
    ("S2", "The lawyers read the contract before Friday and send forty remarks back"),
    ("S1", "Clara shows the design to fifteen people in the office"),
]


@pytest.fixture
def talk() -> Recording:
    recording = factories.recording()
    transcript(recording, SAID)
    return recording


def summarise(recording: Recording) -> Summary:
    summary = services.request_summary(recording)
    tasks.drain("llm")
    summary.refresh_from_db()
    assert summary.status == "ready"
    return summary


def stale(recording: Recording) -> list[bool]:
    assert recording.owner
    text = tokens.make(recording.owner, "api", "test")[1]
    client = Client(headers={"Authorization": f"Bearer {text}"})
    rows = client.get(f"/api/v1/recordings/{recording.pk}/summaries/").json()["results"]
    return [row["stale"] for row in rows]


def lines(recording: Recording) -> Any:
    newest = recognition.transcript_of(recording)
    assert newest
    return recognition.lines_of(newest).lines


def test_it_is_stale_while_other_words_stand_there(talk: Recording) -> None:
    summarise(talk)
    assert stale(talk) == [False]
    change = words.edit_text(talk, line=lines(talk)[2].id, text="Clara shows nothing", by=None)
    assert stale(talk) == [True]
    summarise(talk)
    assert stale(talk) == [False, True]
    words.undo(change.edits[0], by=None)
    assert stale(talk) == [True, False]  # the words of then stand there again
    transcript(talk, SAID)
    assert stale(talk) == [True, True]


def test_one_that_is_being_made_is_not_stale(talk: Recording) -> None:
    services.request_summary(talk)
    words.edit_text(talk, line=lines(talk)[0].id, text="We ship nothing", by=None)
    assert stale(talk) == [False]
    tasks.drain("llm")
    assert stale(talk) == [False]  # it read the corrected words


def test_it_is_made_of_corrected_lines_and_cites_halves_of_split_ones(talk: Recording) -> None:
    first = lines(talk)[0]
    words.split_line(talk, line=first.id, at=6, speaker="Zoe", by=None)
    half = lines(talk)[1]
    text = "Zoe sends the signed contract to Boris on Tuesday morning by courier"
    words.edit_text(talk, line=half.id, text=text, by=None)
    summary = summarise(talk)
    cited = {key for item in summary.items.all() for key in item.evidence}
    assert cited <= {line.id for line in lines(talk)}
    assert half.id in cited
    assert "courier" in " ".join(item.text for item in summary.items.all()) + summary.text
    client = Client()
    assert talk.owner
    client.force_login(talk.owner)
    page = client.get(reverse("recording-panel", args=[talk.pk, "summary"])).content.decode()
    assert f'data-phrase="{half.id}"' in page


def test_page_and_files_say_it(talk: Recording) -> None:
    summarise(talk)
    assert talk.owner
    client = Client()
    client.force_login(talk.owner)
    url = reverse("recording-panel", args=[talk.pk, "summary"])
    newest = recognition.transcript_of(talk)
    assert newest
    note = "Made before the latest changes"
    assert "summary-stale" not in client.get(url).content.decode()
    assert note not in documents.export(newest, "txt").content.decode()
    words.edit_text(talk, line=lines(talk)[0].id, text="We ship nothing", by=None)
    page = client.get(url).content.decode()
    assert "summary-stale" in page
    assert "Make it anew" in page
    assert note in documents.export(newest, "txt").content.decode()
    assert '"stale": true' in documents.export(newest, "json").content.decode()
    assert documents.export(newest, "docx").content
    assert selectors.ready_summaries(talk.pk)[0]["stale"]
