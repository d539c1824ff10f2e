"""Every address of corrections, by every method, for everybody: who gets what, and that a refusal
changes nothing. An address or method that is not in the table fails."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts import tokens
from accounts.choices import Role, TokenKind
from accounts.models import AuditEntry
from notifications.models import Event
from recognition import services
from recognition.api.urls import urlpatterns
from recognition.models import Edit, IndexEntry, Phrase, SpeakerName
from recognition.tests.factories import transcript
from recordings import services as recordings
from recordings.choices import Right
from recordings.models import Access, Recording
from recordings.tests import factories
from recordings.tests.doors import caller

pytestmark = pytest.mark.django_db
WORD = "gadolinium"
LINE, EDITS = "recordings/<str:id>/transcript/lines/<int:line>/", "recordings/<str:id>/edits/"
NEEDS: dict[tuple[str, str], Right] = {
    (LINE, "PATCH"): Right.EDIT,
    (f"{LINE}split/", "POST"): Right.EDIT,
    (f"{LINE}join/", "POST"): Right.EDIT,
    (EDITS, "GET"): Right.VIEW,
    (f"{EDITS}<int:edit>/", "DELETE"): Right.EDIT,
    ("recordings/<str:id>/transcript/difference/", "GET"): Right.VIEW,
}
"""(address, method) -> the right it needs."""
BODIES = {
    (LINE, "PATCH"): '{"text": "stolen", "speaker": "thief"}',
    (f"{LINE}split/", "POST"): '{"at": 1}',
    (f"{LINE}join/", "POST"): "{}",
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Undone(Exception):
    pass


@pytest.fixture
def talk() -> Recording:
    made = factories.recording()
    transcript(made, [("S1", f"the {WORD} speaks"), ("S1", "again and again")])
    services.edit_text(made, line=first(made), text=f"the {WORD} speaks up", by=made.owner)
    return made


def first(recording: Recording) -> int:
    return int(Phrase.objects.filter(transcript__recording=recording).earliest("pk").pk)


def ask(client: Client, recording: Recording, route: str, method: str, query: str = "") -> Any:
    edit = Edit.objects.filter(recording=recording).earliest("pk")
    path = route.replace("<str:id>", str(recording.pk))
    path = path.replace("<int:line>", str(first(recording))).replace("<int:edit>", str(edit.pk))
    body = BODIES.get((route, method), "")
    return client.generic(method, f"/api/v1/{path}{query}", body, content_type="application/json")


def state() -> list[Any]:
    models = (Edit, Phrase, SpeakerName, IndexEntry, AuditEntry, Event)
    return [list(model.objects.order_by("pk").values()) for model in models]


def callers(recording: Recording) -> dict[str, tuple[Client, set[Right], int]]:
    """Name -> (client, rights, the status of a refusal)."""

    def holder(*rights: Right, role: str = Role.USER) -> Client:
        user = factories.user(role=role)
        Access.objects.create(recording=recording, user=user, rights=list(rights))
        return caller(user)

    view, edit = {Right.VIEW}, {Right.VIEW, Right.EDIT}
    owner = recording.owner
    assert owner
    engine = tokens.make(None, TokenKind.ENGINE)[1]
    return {
        "owner": (caller(owner), edit, 0),
        "admin": (caller(factories.user(role=Role.ADMIN)), edit, 0),
        "who may edit": (holder(*edit), edit, 0),
        "who may look": (holder(*view), view, 403),
        "who may all but edit": (holder(*set(Right) - {Right.EDIT}), view, 403),
        "guest who may look": (holder(*view, role=Role.GUEST), view, 403),
        "read-only token of the owner": (caller(owner, "read"), view, 403),
        "stranger": (caller(factories.user()), set(), 404),
        "who may edit but not look": (holder(Right.EDIT), set(), 404),
        "nobody": (Client(), set(), 401),
        "engine": (Client(headers={"authorization": f"Bearer {engine}"}), set(), 403),
    }


def apart(work: Callable[[], None]) -> None:
    """What it changed is gone again."""
    try:
        with transaction.atomic():
            work()
            raise Undone
    except Undone:
        pass


@pytest.mark.parametrize(("route", "method"), NEEDS, ids=[f"{m} {r}" for r, m in NEEDS])
def test_who_gets_what(talk: Recording, route: str, method: str) -> None:
    needed = NEEDS[route, method]
    for who, (client, rights, refusal) in callers(talk).items():

        def check(
            who: str = who,
            client: Client = client,
            rights: set[Right] = rights,
            refusal: int = refusal,
        ) -> None:
            before = state()
            answer = ask(client, talk, route, method)
            if needed in rights:
                assert answer.status_code == (204 if method == "DELETE" else 200), who
                assert method == "GET" or state() != before, who
            else:
                assert answer.status_code == refusal, who
                assert state() == before, who
                assert WORD not in answer.content.decode(), who

        apart(check)


@pytest.mark.parametrize(("route", "method"), NEEDS, ids=[f"{m} {r}" for r, m in NEEDS])
def test_a_link_shows_only_the_words_of_now(talk: Recording, route: str, method: str) -> None:
    link = recordings.grant(talk, by=talk.owner, rights=["view"], to=None)
    before = state()
    for client, refusal in ((Client(), 401), (caller(factories.user()), 404)):
        answer = ask(client, talk, route, method, f"?link={link.secret}")
        if NEEDS[route, method] == Right.EDIT and refusal == 404:
            refusal = 403  # he may see it by the link, but not correct it
        assert answer.status_code == refusal
        assert WORD not in answer.content.decode()
    assert state() == before


def test_the_table_knows_every_address() -> None:
    offered = {
        (str(one.pattern), method)
        for one in urlpatterns
        if str(one.pattern).startswith((LINE, EDITS)) or "difference" in str(one.pattern)
        for method in METHODS
        if hasattr(one.callback.view_class, method.lower())
    }
    assert offered == set(NEEDS)
