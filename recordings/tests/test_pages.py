"""The pages as a browser without scripts sees them: who sees what, refusals, bad input."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import Summary
from notifications.models import Event
from recognition.models import Phrase, SpeakerName, Transcript
from recordings import services
from recordings.choices import Right
from recordings.models import Access, Recording
from recordings.tests import factories

pytestmark = pytest.mark.django_db

HOSTILE = "<img src=x onerror=alert(1)>\"'&amp;<script>alert(2)</script>"


def browser(user=None, *, checks=False) -> Client:
    client = Client(enforce_csrf_checks=checks)
    if user:
        client.force_login(user)
    return client


@pytest.fixture
def owner():
    return factories.user("olga")


@pytest.fixture
def recording(owner):
    made = factories.recording(owner, status="done")
    transcript = Transcript.objects.create(recording=made, version=1, engine=HOSTILE, language="en")
    phrase = Phrase.objects.create(
        transcript=transcript,
        track=made.tracks.get(),
        position=0,
        speaker=HOSTILE,
        start=0,
        end=2,
        text=HOSTILE,
        words=[{"word": HOSTILE, "start": 0, "end": 1, "confidence": 0.2}],
    )
    summary = Summary.objects.create(recording=made, status="ready", engine=HOSTILE, text=HOSTILE)
    summary.items.create(position=0, text=HOSTILE, evidence=[phrase.pk, 999_999], verified=False)
    return made


def addresses(recording) -> list[str]:
    one = [recording.pk]
    names = ["recording", "recording-status", "recording-runs", "recording-title"]
    names += ["transcript-lines", "transcript-dropped", "recording-delete"]
    panels = [reverse("recording-panel", args=[*one, slug]) for slug in ("transcript", "summary")]
    return [*(reverse(name, args=one) for name in names), *panels]


def changes(recording) -> dict[str, dict[str, str]]:
    one = [recording.pk]
    return {
        reverse("recording-title", args=one): {"title": "stolen"},
        reverse("recording-process", args=one): {},
        reverse("recording-cancel", args=one): {},
        reverse("recording-delete", args=one): {},
        reverse("recording-grant", args=one): {"whom": "link"},
        reverse("speaker-rename", args=one): {"label": HOSTILE, "name": "stolen"},
        reverse("summary-ask", args=one): {"prompt_text": "tell me"},
    }


def untouched(recording) -> bool:
    fresh = Recording.objects.filter(pk=recording.pk).first()
    return (
        fresh is not None
        and fresh.title == recording.title
        and not fresh.runs.exists()
        and not Access.objects.filter(link_digest__gt="").exists()
        and not SpeakerName.objects.exists()
        and fresh.summaries.count() == 1
    )


def test_a_stranger_is_sent_to_sign_in_and_changes_nothing(recording):
    client = browser()
    for address in addresses(recording):
        answer = client.get(address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith(reverse("login")), address
    for address, data in changes(recording).items():
        assert client.post(address, data).status_code == 302, address
    assert untouched(recording)


def test_what_was_not_shared_does_not_exist(recording):
    client = browser(factories.user("mallory"))
    for address in addresses(recording):
        assert client.get(address).status_code == 404, address
    for address, data in changes(recording).items():
        assert client.post(address, data).status_code == 404, address
    assert str(recording.pk) not in client.get("/").content.decode()
    rows = client.get(reverse("recording-rows"), {"id": str(recording.pk), "new": "x"})
    assert str(recording.pk) not in rows.content.decode()
    assert untouched(recording)


def test_zero_characters_are_refused_wherever_they_stand(recording, owner):
    client = browser(owner)
    assert client.get("/?q=%00").status_code == 400
    for address, data in changes(recording).items():
        spoilt = {**data, "name": "a\x00b"}
        assert client.post(address, spoilt).status_code == 400, address
    assert untouched(recording)


def test_whoever_may_only_look_changes_nothing(recording, owner):
    viewer = factories.user("vera")
    services.grant(recording, by=owner, to=viewer, rights=[Right.VIEW])
    client = browser(viewer)
    page = client.get(reverse("recording", args=[recording.pk]))
    assert page.status_code == 200
    for name in ("recording-process", "recording-grant", "recording-delete", "speaker-rename"):
        assert reverse(name, args=[recording.pk]) not in page.content.decode()
    for address, data in changes(recording).items():
        assert client.post(address, data).status_code == 403, address
    assert untouched(recording)


def test_a_link_opens_one_recording_and_nothing_else(recording, owner):
    other = factories.recording(owner)
    granted = services.grant(recording, by=owner, to=None, rights=[Right.VIEW])
    client = browser()
    answer = client.get(reverse("recording-link", args=[granted.secret]), follow=True)
    assert answer.redirect_chain == [(reverse("recording", args=[recording.pk]), 302)]
    assert answer.status_code == 200
    assert client.get(reverse("recording", args=[other.pk])).status_code == 302
    for address, data in changes(recording).items():
        assert client.post(address, data).status_code in (302, 403), address

    services.revoke(granted.access, by=owner)
    assert client.get(reverse("recording", args=[recording.pk])).status_code == 302
    assert browser().get(reverse("recording-link", args=[granted.secret])).status_code == 404
    assert SpeakerName.objects.count() == 0


def test_what_engines_and_people_write_is_shown_as_text(recording, owner):
    services.describe(recording, title=HOSTILE)
    recording.error = {"code": "x", "message": HOSTILE, "next_action": HOSTILE}
    recording.save(update_fields=["error"])
    client = browser(owner)
    for address in ["/", *addresses(recording)]:
        page = client.get(address, follow=True).content.decode()
        assert "<img" not in page, address
        assert "alert(2)</script>" not in page.replace("\\u003C", ""), address
    page = client.get(addresses(recording)[0]).content.decode()
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert not re.search(r"\son\w+=|javascript:|style=", page.split("&lt;img")[0])


def test_every_recording_stands_on_exactly_one_page(owner):
    Recording.objects.bulk_create(Recording(owner=owner, title=f"R{n}") for n in range(95))
    same = Recording.objects.first().created_at
    Recording.objects.update(created_at=same)
    client, seen, address = browser(owner), [], "/"
    while address:
        page = client.get(address, headers={"HX-Request": "true"}).content.decode()
        seen += re.findall(r'id="row-([0-9a-f-]+)"', page)
        more = re.search(r'href="(/\?[^"]*after=[^"]+)"', page)
        address = more.group(1).replace("&amp;", "&") if more else ""
    assert len(seen) == len(set(seen)) == 95


@pytest.mark.parametrize(
    "query",
    ["after=nonsense", "after=9999999999999999999999.x", "status=nope", "q=" + "a" * 999],
)
def test_wrong_words_in_the_address_do_no_harm(owner, recording, query):
    client = browser(owner)
    assert client.get(f"/?{query}").status_code == 200
    one = reverse("recording", args=[recording.pk])
    lines = reverse("transcript-lines", args=[recording.pk])
    for wrong in ("at=nan", "at=-5", "at=1e999", "version=7777777777", "after=-1", "before=x"):
        assert client.get(f"{one}?{wrong}").status_code == 200, wrong
        assert client.get(f"{lines}?{wrong}").status_code in (200, 404), wrong


@pytest.mark.parametrize(
    ("language", "said"), [("ru", "Здесь ничего нет"), ("en", "There is nothing here")]
)
def test_refusals_speak_the_readers_language(owner, language, said):
    client = browser(owner)
    client.cookies["django_language"] = language
    page = client.get(reverse("recording", args=[uuid.uuid4()]))
    assert page.status_code == 404
    assert said in page.content.decode()
    notice = client.get(reverse("recording", args=[uuid.uuid4()]), headers={"HX-Request": "true"})
    assert (notice.status_code, notice["HX-Retarget"]) == (404, "#notices")
    assert "<html" not in notice.content.decode()
    assert client.get("/no/such/page").status_code == 404


def test_a_form_without_its_token_changes_nothing_and_says_what_to_do(owner, recording):
    client = browser(owner, checks=True)
    answer = client.post(reverse("recording-delete", args=[recording.pk]))
    assert answer.status_code == 403
    assert "send the form again" in answer.content.decode()
    answer = client.post(reverse("upload"), {"title": "x"})
    assert answer.status_code == 403
    assert untouched(recording)


def test_an_upload_over_the_limit_becomes_a_page(owner, settings, tmp_path):
    storage = {"storage": str(tmp_path), "upload_limit_bytes": 1000, "disk_reserve_bytes": 0}
    settings.RECORDINGS = {**settings.RECORDINGS, **storage}
    file = tmp_path / "big.wav"
    file.write_bytes(b"0" * (2 << 20))
    with file.open("rb") as opened:
        answer = browser(owner).post(reverse("upload"), {"file": opened})
    assert answer.status_code == 413
    assert "<h1>Too large</h1>" in answer.content.decode()
    assert not Recording.objects.exists()


def test_a_broken_page_says_so_without_the_database(owner, monkeypatch):
    monkeypatch.setattr("recordings.selectors.visible_to", lambda user: 1 / 0)
    client = browser(owner)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()


def test_the_theme_comes_back_and_only_known_ones_do(owner):
    client = browser()
    answer = client.post(reverse("theme"), {"theme": "dark", "next": "https://evil.example/"})
    assert (answer["Location"], answer.cookies["theme"].value) == ("/", "dark")
    assert "theme" not in client.post(reverse("theme"), {"theme": "pink"}).cookies
    client.cookies["theme"] = '"><script>'
    assert 'data-theme="&quot;&gt;&lt;script&gt;"' in client.get(reverse("login")).content.decode()


def test_renaming_tells_whoever_watches(owner, recording):
    browser(owner).post(
        reverse("speaker-rename", args=[recording.pk]), {"label": HOSTILE, "name": "Eve"}
    )
    assert SpeakerName.objects.get().name == "Eve"
    assert Event.objects.filter(type="transcript.changed").count() == 1
