"""Corrections over REST: who may, what comes back, what a conflict says, and taking back."""

from typing import Any

import orjson
import pytest
from django.test import Client

from accounts import tokens
from accounts.models import AuditEntry, User
from recognition.models import Edit, IndexEntry
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


class Api:
    def __init__(self, user: User, recording: Recording, *scopes: str) -> None:
        text = tokens.make(user, "api", "test", **({"scopes": scopes} if scopes else {}))[1]
        self.client = Client(headers={"Authorization": f"Bearer {text}"})
        self.recording = recording

    def __call__(self, method: str, path: str, status: int, body: Any = None) -> Any:
        answer = self.client.generic(
            method,
            f"/api/v1/recordings/{self.recording.pk}/{path}",
            *([] if body is None else [orjson.dumps(body)]),
            content_type="application/json",
        )
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    def lines(self) -> list[dict[str, Any]]:
        return list(self("GET", "transcript/", 200)["phrases"])

    def texts(self) -> list[tuple[str, str]]:
        return [(line["speaker"], line["text"]) for line in self.lines()]


@pytest.fixture
def owner(talk: Recording) -> Api:
    assert talk.owner
    return Api(talk.owner, talk)


def test_words_and_speaker_of_a_line_and_back_again(owner: Api) -> None:
    first = owner.lines()[0]
    path = f"transcript/lines/{first['id']}/"
    wish = {"text": "we ship the budget on monday", "speaker": "Zoe", "seen": first["text"]}
    changed = owner("PATCH", path, 200, wish)
    (line,) = changed["lines"]
    assert set(line) == set(first)
    assert (line["id"], line["text"], line["speaker"]) == (first["id"], wish["text"], "Zoe")
    assert (changed["removed"], len(changed["edits"])) == ([], 2)
    assert owner.lines()[0] == line

    rows = owner("GET", "edits/", 200)["results"]
    assert [(row["kind"], row["state"]) for row in rows] == [
        ("text", "applied"),
        ("speaker", "applied"),
    ]
    assert (rows[0]["before"], rows[0]["text"]) == ([first["text"]], wish["text"])
    assert (rows[1]["speaker"], rows[1]["by"]) == ("Zoe", owner.recording.owner.username)  # type: ignore[union-attr]

    for edit in changed["edits"]:
        owner("DELETE", f"edits/{edit}/", 204)
        owner("DELETE", f"edits/{edit}/", 204)
    assert owner.lines()[0] == first
    assert {row["state"] for row in owner("GET", "edits/", 200)["results"]} == {"undone"}
    assert AuditEntry.objects.filter(action="change").count() == 4


def test_splitting_joining_and_taking_a_line_out(owner: Api) -> None:
    first, second, third = owner.lines()
    path = f"transcript/lines/{first['id']}/"
    split = owner("POST", f"{path}split/", 200, {"at": 4, "speaker": "S2"})
    assert [(one["speaker"], one["text"]) for one in split["lines"]] == [
        ("S1", "we ship the bugdet"),
        ("S2", "on monday"),
    ]
    half = split["lines"][1]
    assert owner("PATCH", f"transcript/lines/{half['id']}/", 200, {"text": "on tuesday"})["lines"]
    joined = owner("POST", f"{path}join/", 200, {})
    assert (joined["lines"][0]["text"], joined["removed"]) == (
        "we ship the bugdet on tuesday",
        [half["id"]],
    )
    gone = owner("PATCH", f"transcript/lines/{second['id']}/", 200, {"text": " "})
    assert (gone["lines"], gone["removed"]) == ([], [second["id"]])
    assert [text for _, text in owner.texts()] == [
        "we ship the bugdet on tuesday",
        "who tells boris",
    ]
    found = owner.client.get("/api/v1/search/?q=tuesday").json()["results"]
    assert [one["phrase"] for one in found] == [first["id"]]
    assert IndexEntry.objects.filter(kind="phrase").count() == 2
    owner("POST", f"transcript/lines/{third['id']}/join/", 400, {})


def test_a_conflict_tells_the_text_of_now(owner: Api) -> None:
    first = owner.lines()[0]
    path = f"transcript/lines/{first['id']}/"
    owner("PATCH", path, 200, {"text": "we ship"})
    told = owner("PATCH", path, 409, {"text": "they ship", "seen": first["text"]})
    assert (told["code"], told["details"]["text"]) == ("changed_meanwhile", "we ship")
    assert owner("PATCH", path, 409, {"text": "we ship"})["code"] == "nothing_changed"
    assert owner("PATCH", path, 200, {"text": "we ship", "speaker": "Zoe"})["edits"]
    assert Edit.objects.count() == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "transcript/lines/{line}/", {}, 400),
        ("PATCH", "transcript/lines/{line}/", {"text": None}, 400),
        ("PATCH", "transcript/lines/{line}/", {"text": "x" * 10_001}, 400),
        ("PATCH", "transcript/lines/{line}/", {"speaker": "\u200b"}, 400),
        ("PATCH", "transcript/lines/999999999999999999999/", {"text": "x"}, 404),
        ("POST", "transcript/lines/{line}/split/", {"at": 6}, 400),
        ("POST", "transcript/lines/{line}/split/", {"at": "two"}, 400),
        ("POST", "transcript/lines/{line}/split/", {}, 400),
        ("GET", "edits/?before=x", None, 400),
        ("DELETE", "edits/999999/", None, 404),
        ("GET", "transcript/difference/?from=two", None, 400),
        ("GET", "transcript/difference/?from=1&to=7", None, 404),
    ],
)
def test_what_is_refused_says_why(
    owner: Api, method: str, path: str, body: Any, status: int
) -> None:
    told = owner(method, path.format(line=owner.lines()[0]["id"]), status, body)
    assert told["code"]
    assert told["message"]
    assert not Edit.objects.exists()


def test_corrections_of_one_recording_are_not_those_of_another(owner: Api) -> None:
    first = owner.lines()[0]
    (edit,) = owner("PATCH", f"transcript/lines/{first['id']}/", 200, {"text": "x"})["edits"]
    other = factories.recording(owner.recording.owner)
    transcript(other, SAID)
    elsewhere = Api(owner.recording.owner, other)  # type: ignore[arg-type]
    elsewhere("DELETE", f"edits/{edit}/", 404)
    elsewhere("PATCH", f"transcript/lines/{first['id']}/", 404, {"text": "y"})
    assert owner.lines()[0]["text"] == "x"


def test_lost_corrections_are_listed_with_their_words(owner: Api) -> None:
    first, _, third = owner.lines()
    owner(
        "PATCH", f"transcript/lines/{first['id']}/", 200, {"text": "we ship the budget on monday"}
    )
    owner("PATCH", f"transcript/lines/{third['id']}/", 200, {"text": "who tells Boris?"})
    transcript(owner.recording, [("S1", "so we ship the bugdet on monday"), ("S2", "who knows")])
    rows = owner("GET", "edits/", 200)["results"]
    assert [(row["state"], row["before"]) for row in rows] == [
        ("lost", ["who tells boris"]),
        ("applied", ["we ship the bugdet on monday"]),
    ]
    page = owner("GET", "edits/?limit=1", 200)
    more = owner.client.get(page["next"]).json()
    assert [row["id"] for row in page["results"] + more["results"]] == [row["id"] for row in rows]
    assert more["next"] is None


def test_the_difference_of_versions_raw_and_corrected(owner: Api) -> None:
    first = owner.lines()[0]
    owner(
        "PATCH", f"transcript/lines/{first['id']}/", 200, {"text": "we ship the budget on monday"}
    )
    own = owner("GET", "transcript/difference/", 200)
    assert (own["from"]["version"], own["from"]["raw"], own["to"]["raw"]) == (1, True, False)
    (place,) = own["differences"]
    assert [(one["kind"], one["text"]) for one in place["pieces"]] == [
        ("same", "we ship the"),
        ("removed", "bugdet"),
        ("added", "budget"),
        ("same", "on monday"),
    ]
    assert (place["old"][0]["text"], place["new"][0]["id"]) == (first["text"], first["id"])
    transcript(owner.recording, [*SAID[:2], ("S2", "who tells anna")])
    both = owner("GET", "transcript/difference/?from=1&to=2", 200)
    assert [place["new"][0]["text"] for place in both["differences"]] == ["who tells anna"]
    raw = owner("GET", "transcript/difference/?from=1-raw&to=1", 200)
    assert len(raw["differences"]) == 1
    assert owner("GET", "transcript/difference/?from=2&to=2", 200)["differences"] == []
    assert len(owner("GET", "transcript/difference/", 200)["differences"]) == 2


def test_who_may_look_and_who_may_correct(owner: Api) -> None:
    line, talk = owner.lines()[0]["id"], owner.recording
    viewer, editor, guest = factories.user(), factories.user(), factories.user(role="guest")
    for user, rights in ((viewer, ["view"]), (editor, ["view", "edit"]), (guest, ["view"])):
        recordings.grant(talk, by=talk.owner, rights=rights, to=user)
    body = {"text": "corrected"}
    for user in (viewer, guest):
        Api(user, talk)("PATCH", f"transcript/lines/{line}/", 403, body)
        Api(user, talk)("GET", "edits/", 200)
    Api(factories.user(), talk)("PATCH", f"transcript/lines/{line}/", 404, body)
    read_only = Api(editor, talk, "read")
    read_only("PATCH", f"transcript/lines/{line}/", 403, body)
    (edit,) = Api(editor, talk)("PATCH", f"transcript/lines/{line}/", 200, body)["edits"]
    for user, status in ((viewer, 403), (factories.user(), 404)):
        Api(user, talk)("DELETE", f"edits/{edit}/", status)
    link = recordings.grant(talk, by=talk.owner, rights=["view"], to=None)
    for path in ("edits/", "transcript/difference/"):
        url = f"/api/v1/recordings/{talk.pk}/{path}?link={link.secret}"
        assert Client().get(url).status_code == 401  # a link shows the words of now alone
    assert owner.lines()[0]["text"] == "corrected"
