"""Every kind of token of server A is carried through every address by every method, as in the wall,
to a recording of server B on which rows of access give its bearer everything.
"""

from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.choices import Role
from accounts.models import User
from accounts.services import create_user
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.services import people
from conferences.tests import scene as held
from recordings.models import Access, Recording
from recordings.tests import factories
from recordings.tests.doors import caller
from tests import test_wall as wall
from tests.realms.callers import EVERY, JSON, everybody, headers
from tests.wall_scene import Caller, Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def strangers(
    scene: Scene,
    fakes: dict[str, FakeServer],
    servers: dict[str, Connection],
) -> dict[str, Caller]:
    """The wall's recording is of server B; everybody of A has rows that give him everything."""
    a, b = servers["a"], servers["b"]
    callers = everybody(fakes["a"], a)
    User.objects.filter(pk=scene.owner.pk).update(realm=b.realm)
    Recording.objects.filter(pk=scene.recording.pk).update(realm=b.realm)
    scene.recording.refresh_from_db()
    team = Group.objects.create(name="everybody")
    Access.objects.create(recording=scene.recording, group=team, rights=EVERY)
    for user in User.objects.filter(realm=a.realm):
        user.groups.add(team, people.administrators_of(b))
        Access.objects.create(recording=scene.recording, user=user, rights=EVERY)
    Access.objects.create(
        recording=scene.recording, group=people.administrators_of(b), rights=EVERY
    )
    return callers


@pytest.mark.parametrize("part", ["api/v1/", "api/user/", "other"])
def test_no_token_of_one_server_opens_anything_of_another(
    scene: Scene,
    strangers: dict[str, Caller],
    part: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wall, "FEW", {"olga: exchanged", "olga: cookie"})

    def belongs(route: str) -> bool:
        if part == "other":  # his own name he may change
            return not route.startswith("api/") and route != "profile/"
        return route.startswith(part)

    wall.walk(scene, strangers, [route for route in wall.ROUTES if belongs(route)])


def test_the_same_tokens_do_open_what_is_theirs(
    fakes: dict[str, FakeServer], servers: dict[str, Connection], root: Path, tmp_path: Path
) -> None:
    """Otherwise the matrix would prove nothing."""
    recording = held.meeting(servers["a"], tmp_path)
    held.recognised(recording)
    for who, one in everybody(fakes["a"], servers["a"]).items():
        mine = one.client.get(f"/api/user/v1/transcriptions/{recording.number}")
        plain = one.client.get(f"/api/v1/recordings/{recording.pk}/")
        found = one.client.get("/api/v1/search/?q=thousand")
        if not one.signed_in:
            assert {mine.status_code, plain.status_code, found.status_code} == {401}, who
            continue
        by_cookie = who.endswith("cookie")
        assert mine.status_code == (401 if by_cookie else 200), who
        assert plain.status_code == 200, (who, plain.content)
        assert len(found.json()["results"]) == 1, who


def test_a_token_is_tried_at_its_own_server_and_nowhere_else(
    fakes: dict[str, FakeServer], servers: dict[str, Connection]
) -> None:
    def asked() -> tuple[int, ...]:
        return tuple(len(fake.requests) for fake in fakes.values())

    a, b = fakes["a"], fakes["b"]
    token = a.token_for("anna")
    before = asked()
    unnamed = Client(headers=headers(token)).get("/api/v1/me/")
    assert (unnamed.status_code, unnamed.json()["code"]) == (401, "server_not_named")
    unknown = Client(headers=headers(token, "c.example")).get("/api/v1/me/")
    assert (unknown.status_code, unknown.json()["code"]) == (401, "server_not_found")
    assert asked() == before
    wrong = Client(headers=headers(token, b.url)).get("/api/v1/me/")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "tcs_token_refused")
    assert asked()[0] == before[0]
    assert asked()[1] > before[1]
    right = Client(headers=headers(token, a.url)).get("/api/v1/me/")
    assert right.status_code == 200
    # That A called it good says nothing to B.
    assert Client(headers=headers(token, b.url)).get("/api/v1/me/").status_code == 401


def test_administrators_there_are_superusers_there_only(
    fakes: dict[str, FakeServer], servers: dict[str, Connection], root: Path, tmp_path: Path
) -> None:
    a = held.meeting(servers["a"], tmp_path, topic="Alpha")
    b = held.meeting(servers["b"], tmp_path, topic="Beta", pitch=500)
    ours = factories.recording(factories.user())
    olga = Client(headers=headers(fakes["a"].token_for("olga"), fakes["a"].url))
    listed = olga.get("/api/v1/recordings/").json()["results"]
    assert [row["id"] for row in listed] == [str(a.pk)]
    for other in (b, ours):
        assert olga.get(f"/api/v1/recordings/{other.pk}/").status_code == 404
    for closed in ("users/", "groups/", "audit/", "tokens/?everyone=true"):
        answer = olga.get(f"/api/v1/{closed}")
        assert answer.status_code == 403 or answer.json()["results"] == []
    assert olga.delete(f"/api/v1/recordings/{b.pk}/").status_code == 404
    assert Recording.objects.filter(pk=b.pk).exists()


def test_nobody_of_a_realm_becomes_administrator_here(servers: dict[str, Connection]) -> None:
    user = people.person_of(servers["a"], "anna@a.example")
    admin = factories.user(role=Role.ADMIN)
    answer = caller(admin).patch(f"/api/v1/users/{user.pk}/", {"role": "admin"}, content_type=JSON)
    assert answer.status_code == 400
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(role=Role.ADMIN)
    user.refresh_from_db()
    assert (user.role, user.is_superuser) == (Role.USER, False)
    made = create_user("plain", actor=None, password="correct horse 9")
    assert made.realm == ""


def test_programs_of_a_realm_come_back_to_their_server(servers: dict[str, Connection]) -> None:
    user = people.person_of(servers["a"], "anna@a.example")
    client = caller(user)
    for days in (None, 31, 3650):
        answer = client.post("/api/v1/tokens/", {"label": "x", "days": days}, content_type=JSON)
        assert answer.status_code == 400
        assert "days" in answer.json()["details"]
    answer = client.post("/api/v1/tokens/", {"label": "x", "days": 30}, content_type=JSON)
    assert answer.status_code == 201
    admin = factories.user("root", role=Role.ADMIN)
    body = {"label": "x", "user": user.username}
    assert caller(admin).post("/api/v1/tokens/", body, content_type=JSON).status_code == 201
