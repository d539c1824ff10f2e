"""Every address of recordings, by every method, for everybody: who gets what, and that a refusal
changes nothing. An address or method that is not in the table fails."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from accounts import tokens
from accounts.choices import Role, TokenKind
from accounts.models import AuditEntry
from notifications.models import Event
from recordings import services
from recordings.api.urls import urlpatterns
from recordings.choices import Right
from recordings.models import Access, Recording, Run, StepRun, StoredFile, Track
from recordings.tests import factories, sound
from recordings.tests.doors import caller

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
JSON = "application/json"
NEEDS: dict[tuple[str, str], Right | None] = {
    ("api-recordings", "GET"): None,
    ("api-recordings", "POST"): None,
    ("api-recording", "GET"): Right.VIEW,
    ("api-recording", "PATCH"): Right.EDIT,
    ("api-recording", "DELETE"): Right.DELETE,
    ("api-recording-process", "POST"): Right.RUN,
    ("api-recording-cancel", "POST"): Right.RUN,
    ("api-recording-runs", "GET"): Right.VIEW,
    ("api-recording-audio", "GET"): Right.VIEW,
    ("api-recording-life", "GET"): Right.VIEW,
    ("api-recording-life", "PATCH"): Right.EDIT,
    ("api-recording-purge", "POST"): Right.DELETE,
    ("api-recording-access", "GET"): Right.SHARE,
    ("api-recording-access", "POST"): Right.SHARE,
    ("api-recording-access", "DELETE"): Right.SHARE,
}
"""(address, method) -> the right it needs; None: only to be signed in."""
ELSEWHERE = ("trash/", "retention/")
"""Not of one recording that can be seen: `test_life` asks them."""
OF_RECORDINGS = [one for one in urlpatterns if not str(one.pattern).startswith(ELSEWHERE)]
ROUTES = [(pattern, method) for pattern in OF_RECORDINGS for method in METHODS]


@dataclass
class Caller:
    client: Client
    rights: frozenset[Right] = frozenset()
    signed_in: bool = True
    writes: bool = True
    """False: the token or the role refuses before anything is looked at."""
    guest: bool = False
    engine: bool = False


@dataclass
class Scene:
    recording: Recording
    access: Access
    callers: dict[str, Caller]


@pytest.fixture
def scene(db: None, root: Path, pipelines: None, tmp_path: Path) -> Scene:
    every = frozenset(Right)
    owner, admin = factories.user(), factories.user(role=Role.ADMIN)
    path = sound.wav(tmp_path / "Budget 4711.wav", seconds=0.2)
    files = [services.IncomingFile(path, path.name)]
    recording, _ = services.receive(owner, files, process=False)
    factories.recording()

    def holder(*rights: Right, role: str = Role.USER, **fields: Any) -> Caller:
        user = factories.user(role=role)
        Access.objects.create(recording=recording, user=user, rights=list(rights), **fields)
        return Caller(caller(user), frozenset(rights), guest=role == Role.GUEST)

    past = timezone.now() - timedelta(seconds=1)
    callers = {
        "owner": Caller(caller(owner), every),
        "admin": Caller(caller(admin), every),
        "with all rights": holder(*every),
        "guest who may view": holder(Right.VIEW, role=Role.GUEST),
        "stranger": Caller(caller(factories.user())),
        "expired": holder(*every, expires_at=past),
        "nobody": Caller(Client(), signed_in=False),
        "wrong token": Caller(Client(headers={"authorization": "Bearer x"}), signed_in=False),
        "read-only token": Caller(caller(owner, "read"), every, writes=False),
    }
    callers["expired"].rights = frozenset()
    member, group = factories.user(), Group.objects.create(name="team")
    member.groups.add(group)
    given = [Right.VIEW, Right.EDIT]
    access = Access.objects.create(recording=recording, group=group, rights=given)
    callers["group member"] = Caller(caller(member), frozenset(given))
    engine = tokens.make(None, TokenKind.ENGINE)[1]
    bearer = {"authorization": f"Bearer {engine}"}
    callers["engine"] = Caller(Client(headers=bearer), engine=True, writes=False)
    return Scene(recording, access, callers)


def state() -> list[Any]:
    models = (Recording, Track, Access, Run, StepRun, StoredFile, AuditEntry, Event)
    return [list(model.objects.order_by("pk").values()) for model in models]


def expected(who: Caller, name: str, method: str) -> int:
    """The status that this caller must get; 0 where he gets what he asked for."""
    safe = method in ("GET", "HEAD")
    asked = (name, "GET" if method == "HEAD" else method)
    if not who.signed_in:
        return 401
    if who.engine or not (who.writes or safe):
        return 403
    if who.guest and asked == ("api-recordings", "POST"):
        return 403
    if asked not in NEEDS:
        return 405
    needed = NEEDS[asked]
    if needed is None or needed in who.rights:
        return 0
    return 403 if Right.VIEW in who.rights else 404


def ask(scene: Scene, who: Caller, pattern: URLPattern, method: str) -> Any:
    path = str(pattern.pattern).replace("<str:id>", str(scene.recording.pk))
    url = f"/api/v1/{path}"
    if (pattern.name, method) == ("api-recording-access", "DELETE"):
        url += f"?id={scene.access.pk}"
    body = {"api-recording-access": '{"link": true}', "api-recording": '{"title": "x"}'}
    body["api-recording-life"] = '{"tags": ["x"]}'
    content = body.get(pattern.name or "", "{}") if method not in ("GET", "HEAD") else ""
    return who.client.generic(method, url, content, content_type=JSON)


class Undone(Exception):
    pass


@pytest.fixture
def undo() -> Any:
    def do(work: Any) -> None:
        try:
            with transaction.atomic():
                work()
                raise Undone
        except Undone:
            pass

    return do


GRANTED = {
    "GET": {200},
    "HEAD": {200},
    "POST": {200, 201, 202, 415},  # 415: we send JSON where a form is wanted
    "PATCH": {200},
    "DELETE": {204},
}


@pytest.mark.parametrize(
    ("pattern", "method"), ROUTES, ids=[f"{method} {p.name}" for p, method in ROUTES]
)
def test_who_gets_what(scene: Scene, undo: Any, pattern: URLPattern, method: str) -> None:
    for who, one in scene.callers.items():
        wanted = expected(one, pattern.name or "", method)

        def check(who: str = who, one: Caller = one, wanted: int = wanted) -> None:
            before = state()
            answer = ask(scene, one, pattern, method)
            if wanted:
                assert answer.status_code == wanted, who
                assert state() == before, who
                if method != "HEAD":
                    assert set(answer.json()) >= {"code", "message"}, who
                    assert scene.recording.title not in answer.content.decode(), who
            else:
                assert answer.status_code in GRANTED[method], who
                if method in ("POST", "PATCH", "DELETE") and answer.status_code < 400:
                    assert state() != before or "cancel" in str(pattern.pattern), who

        undo(check)


def test_the_table_knows_every_address() -> None:
    named = {pattern.name for pattern in OF_RECORDINGS}
    offered = {
        (pattern.name, method)
        for pattern in OF_RECORDINGS
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if hasattr(pattern.callback.view_class, method.lower())
    }

    assert {name for name, _ in NEEDS} == named
    assert set(NEEDS) == offered


def test_the_list_shows_only_what_one_may_see(scene: Scene) -> None:
    for who, one in scene.callers.items():
        if not one.signed_in or one.engine:
            continue
        for query in ("", "q=budget", "status=ready", f"source={scene.recording.source}"):
            rows = one.client.get(f"/api/v1/recordings/?{query}").json()["results"]
            seen = {row["id"] for row in rows}
            if who == "admin":
                assert str(scene.recording.pk) in seen
            else:
                mine = {str(scene.recording.pk)} if Right.VIEW in one.rights else set()
                assert seen == mine, (who, query)
