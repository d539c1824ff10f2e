"""A participant who is left out is in neither sound nor text, in no version, at no door."""

from pathlib import Path

import pytest

from accounts.choices import Role
from analytics.models import Summary
from common.errors import Conflict
from recognition import selectors, services, versions
from recognition.models import Edit, IndexEntry, Phrase, TrackWords
from recognition.tests.factories import line
from recordings import services as recordings
from recordings.models import Recording, Track
from recordings.tests import doors, factories, sound

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def talk(root: Path, tmp_path: Path) -> Recording:
    """Anna and Boris; Boris was also heard through Anna's loudspeaker."""
    paths = [sound.wav(tmp_path / f"{n}.wav", seconds=0.2, pitch=300 + n) for n in (1, 2)]
    files = [recordings.IncomingFile(p, p.name, n) for p, n in zip(paths, "AB", strict=True)]
    made, _ = recordings.receive(factories.user(), files, process=False)
    anna, boris = made.tracks.all()
    for _ in range(2):
        lines = [
            line(anna.pk, "A", 0, "the budget is fine"),
            line(boris.pk, "B", 4, "my secret plan"),
            line(anna.pk, "A", 4, "my secret plan", dropped="bleed"),
        ]
        script = versions.write(made, run=None, lines=lines, engine="test", language="en")
    for track, starts in ((anna, (0.0, 4.0)), (boris, (4.0,))):
        segments = [{"start": s, "end": s + 1, "text": "my secret plan"} for s in starts]
        TrackWords.objects.create(track=track, engine="test", segments=segments, envelope=b"")
    Summary.objects.create(recording=made, transcript=script, text="A secret plan.")
    return made


def test_every_word_and_sound_of_his_is_gone(talk: Recording, root: Path) -> None:
    anna, boris = talk.tracks.all()
    services.leave_out(boris, by=talk.owner)
    services.leave_out(Track.objects.get(pk=boris.pk), by=talk.owner)

    assert sorted(Phrase.objects.values_list("text", flat=True)) == 2 * ["the budget is fine"]
    assert [one.segments for one in TrackWords.objects.all()] == [
        [{"start": 0.0, "end": 1.0, "text": "my secret plan"}]
    ]
    assert not IndexEntry.objects.filter(text__contains="secret").exists()
    assert not Summary.objects.exists()
    assert len([path for path in root.rglob("*") if path.is_file()]) == 1
    api = doors.caller(talk.owner)
    assert api.get(f"{doors.URL}{talk.pk}/audio/?track={boris.pk}").status_code == 404
    assert api.get(f"{doors.URL}{talk.pk}/audio/?track={anna.pk}").status_code == 200
    boris.refresh_from_db()
    assert boris.left_out


def test_what_people_made_of_his_lines_goes_too(talk: Recording) -> None:
    _anna, boris = talk.tracks.all()
    newest = selectors.transcript_of(talk)
    assert newest
    his = next(one for one in selectors.lines_of(newest).lines if one.track == boris.pk)
    services.split_line(talk, line=his.id, at=1, by=talk.owner)
    assert IndexEntry.objects.filter(text="secret plan").exists()
    services.leave_out(boris, by=talk.owner)
    assert not IndexEntry.objects.filter(text__contains="secret").exists()
    assert not Edit.objects.exists()
    assert [one.text for one in selectors.lines_of(newest).lines] == ["the budget is fine"]


def test_he_is_not_heard_again(talk: Recording, pipelines: None) -> None:
    _anna, boris = talk.tracks.all()
    services.leave_out(boris, by=talk.owner)
    run = recordings.process(talk, pipeline="long")
    assert boris.pk not in run.steps.values_list("track", flat=True)


def test_nothing_goes_while_it_is_held_or_worked_on(talk: Recording, pipelines: None) -> None:
    _anna, boris = talk.tracks.all()
    admin = factories.user(role=Role.ADMIN)
    recordings.hold(talk, on=True, by=admin)
    with pytest.raises(Conflict):
        services.leave_out(boris, by=admin)
    recordings.hold(talk, on=False, by=admin)
    recordings.process(talk, pipeline="long")
    with pytest.raises(Conflict):
        services.leave_out(boris, by=admin)
    assert Phrase.objects.filter(track=boris).count() == 2
    assert not Track.objects.filter(left_out=True).exists()
