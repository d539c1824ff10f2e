"""Correcting on a recording's page without scripts; what the scripts fetch; who gets in."""

import pytest
from django.test import Client
from django.urls import reverse

from recognition import selectors, services
from recognition.models import Edit
from recognition.tests.factories import transcript
from recordings import services as recordings
from recordings.models import Recording
from recordings.tests import factories

pytestmark = pytest.mark.django_db
SAID = [("S1", "we ship the bugdet on monday"), ("S1", "fine by me"), ("S2", "who tells boris")]


@pytest.fixture
def talk() -> Recording:
    made = factories.recording()
    transcript(made, SAID)
    return made


@pytest.fixture
def web(talk: Recording) -> Client:
    return signed_in(talk.owner)


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def lines(recording: Recording) -> list[tuple[int, str, str]]:
    newest = selectors.transcript_of(recording)
    assert newest
    return [(one.id, one.speaker, one.text) for one in selectors.lines_of(newest).lines]


def url(talk: Recording, line: int) -> str:
    return reverse("transcript-line-edit", args=[talk.pk, line])


def panel(client: Client, talk: Recording, query: str = "") -> str:
    address = reverse("recording-panel", args=[talk.pk, "transcript"])
    return client.get(f"{address}?{query}").content.decode()


def test_a_line_is_corrected_without_scripts(web: Client, talk: Recording) -> None:
    first = lines(talk)[0][0]
    page = web.get(url(talk, first)).content.decode()
    assert "we ship the bugdet on monday</textarea>" in page
    assert "<html" in page
    assert f'href="{url(talk, first)}"' in panel(web, talk)
    wish = {"seen": SAID[0][1], "text": "we ship the budget on monday", "start": "0"}
    answer = web.post(url(talk, first), {**wish, "speaker": "S1", "new_speaker": "Zoe"})
    assert answer.status_code == 302
    assert lines(talk)[0][1:] == ("Zoe", "we ship the budget on monday")
    shown = panel(web, talk)
    assert f"Corrected by {talk.owner}" in shown
    assert "2 corrections" in shown
    assert "budget</span>" in shown


def test_split_with_changed_words_at_once_and_join_and_removal(
    web: Client, talk: Recording
) -> None:
    first = lines(talk)[0][0]
    web.post(url(talk, first), {"do": "split", "text": "we ship the budget", "at": "2"})
    assert [one[2] for one in lines(talk)[:2]] == ["we ship", "the budget"]
    web.post(url(talk, first), {"do": "join", "text": "we ship", "speaker": "S1"})
    assert lines(talk)[0][2] == "we ship the budget"
    web.post(url(talk, first), {"do": "remove", "text": "we ship the budget"})
    assert [one[2] for one in lines(talk)] == ["fine by me", "who tells boris"]
    assert web.get(url(talk, first)).status_code == 404


def test_a_mistake_changes_nothing_and_keeps_what_was_written(web: Client, talk: Recording) -> None:
    first = lines(talk)[0][0]
    wish = {"do": "split", "text": "other words", "at": "9"}
    answer = web.post(url(talk, first), wish, headers={"hx-request": "true"})
    assert answer.status_code == 400
    assert "other words</textarea>" in answer.content.decode()
    assert not Edit.objects.exists()


def test_a_conflict_shows_both_texts(web: Client, talk: Recording) -> None:
    first = lines(talk)[0][0]
    services.edit_text(talk, line=first, text="they ship it", by=None)
    wish = {"seen": SAID[0][1], "text": "we never ship"}
    answer = web.post(url(talk, first), wish, headers={"hx-request": "true"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "<q>they ship it</q>" in page
    assert "we never ship</textarea>" in page
    assert 'name="seen" value="they ship it"' in page
    web.post(url(talk, first), {**wish, "seen": "they ship it"})
    assert lines(talk)[0][2] == "we never ship"


def test_corrections_are_listed_and_taken_back(web: Client, talk: Recording) -> None:
    first, third = lines(talk)[0][0], lines(talk)[2][0]
    services.edit_text(talk, line=first, text="we ship the budget on monday", by=talk.owner)
    services.edit_text(talk, line=third, text="who tells Boris?", by=talk.owner)
    transcript(talk, [("S1", "so we ship the bugdet on monday"), ("S2", "who knows")])
    listed = web.get(reverse("transcript-edits", args=[talk.pk])).content.decode()
    assert "<del>bugdet</del>" in listed
    assert "who tells Boris?" in listed
    assert listed.count("no longer fits") == 1
    assert "1 no longer fits this version" in panel(web, talk)
    edit = Edit.objects.earliest("pk")
    assert web.post(reverse("transcript-edit-undo", args=[talk.pk, edit.pk])).status_code == 302
    assert lines(talk)[0][2] == "so we ship the bugdet on monday"
    other = factories.recording(talk.owner)
    assert web.post(reverse("transcript-edit-undo", args=[other.pk, edit.pk])).status_code == 404


def test_the_difference_of_two_versions_is_a_page(web: Client, talk: Recording) -> None:
    services.edit_text(talk, line=lines(talk)[0][0], text="we ship the budget", by=talk.owner)
    services.set_speaker(talk, line=lines(talk)[1][0], speaker="Zoe", by=talk.owner)
    address = reverse("transcript-versions", args=[talk.pk])
    page = web.get(address).content.decode()
    assert "<del>bugdet on monday</del>" in page
    assert "<ins>budget</ins>" in page
    assert "<del>S1</del> <ins>Zoe</ins>" in page
    assert "They say the same." in web.get(f"{address}?from=1&to=1").content.decode()
    assert web.get(f"{address}?from=7").status_code == 404
    assert web.get(f"{address}?from=x").status_code == 400


def test_only_who_may_correct_gets_the_forms(talk: Recording) -> None:
    first = lines(talk)[0][0]
    edit = services.edit_text(talk, line=first, text="we ship it", by=talk.owner).edits[0]
    viewer = factories.user()
    recordings.grant(talk, by=talk.owner, rights=["view"], to=viewer)
    client = signed_in(viewer)
    assert "phrase-edit" not in panel(client, talk)
    assert client.get(url(talk, first)).status_code == 403
    assert client.post(url(talk, first), {"text": "x"}).status_code == 403
    undo = reverse("transcript-edit-undo", args=[talk.pk, edit.pk])
    assert client.post(undo).status_code == 403
    assert client.get(reverse("transcript-edits", args=[talk.pk])).status_code == 200
    link = recordings.grant(talk, by=talk.owner, rights=["view"], to=None)
    bearer = Client()
    bearer.get(f"/l/{link.secret}/")
    shown = panel(bearer, talk)
    assert "we</span>" in shown
    assert str(talk.owner) not in shown
    for name in ("transcript-edits", "transcript-versions"):
        assert bearer.get(reverse(name, args=[talk.pk])).status_code == 302
    assert bearer.post(url(talk, first), {"text": "x"}).status_code in (302, 403)
    assert lines(talk)[0][2] == "we ship it"


def test_an_old_version_is_not_corrected(web: Client, talk: Recording) -> None:
    transcript(talk, SAID)
    assert "phrase-edit" in panel(web, talk)
    assert "phrase-edit" not in panel(web, talk, "version=1")


def test_pages_of_corrected_lines_go_on_where_the_last_one_ended(
    web: Client, talk: Recording
) -> None:
    transcript(talk, [("S1" if n % 2 else "S2", f"line number {n} of many") for n in range(400)])
    rows = lines(talk)
    services.split_line(talk, line=rows[0][0], at=2, by=None)
    services.edit_text(talk, line=rows[200][0], text="changed here", by=None)
    wanted = [one[0] for one in lines(talk)]
    assert len(wanted) == 401
    address = reverse("transcript-lines", args=[talk.pk])

    def ids(query: str) -> tuple[list[int], str]:
        page = web.get(f"{address}?{query}").content.decode()
        found = [int(part.split('"')[0]) for part in page.split('id="phrase-')[1:]]
        return found, page

    first, page = ids("after=")
    seen = list(first)
    while 'class="more more-after' in page:
        place = page.rsplit("after=", 1)[1].split('"')[0]
        found, page = ids(f"after={place}")
        seen += found
    assert seen[: len(first)] == first
    assert sorted(seen) == sorted(set(seen))
    back, page = ids("before=400")
    assert back == wanted[250:400]
    around, _ = ids("at=800")
    assert wanted[201] in around
    window = panel(web, talk, "since=400&until=440")
    assert [key for key in wanted if f'id="phrase-{key}"' in window] == wanted[101:112]
    assert window.count('class="w') > 40
