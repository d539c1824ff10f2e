"""Realms: a token of one meeting server opens nothing of another's, whatever rows say.

Every kind of token of server A is carried through every address by every method, as in the wall,
to a recording of server B on which rows of access give its bearer everything.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.contrib.auth.models import Group
from django.db import IntegrityError, connections, transaction
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from accounts import tokens
from accounts.choices import Role, TokenKind
from accounts.models import AuditEntry, User
from accounts.services import create_user, make_token
from common.errors import Invalid
from conferences.fake_tcs.server import FakeServer
from conferences.models import Connection
from conferences.services import people
from conferences.tests import scene as held
from notifications.tests.conftest import Server, happen
from recognition import selectors as words
from recordings import selectors, services
from recordings.choices import Right
from recordings.models import Access, Recording
from recordings.tests import factories
from recordings.tests.doors import caller
from tests import test_wall as wall
from tests.test_wall import scene  # noqa: F401  the wall's own fixture
from tests.wall_scene import Caller, Scene, bearer, session

EVERY = [right.value for right in Right]
JSON = "application/json"


@pytest.fixture(scope="module")
def fakes() -> Iterator[dict[str, FakeServer]]:
    with FakeServer(name="a.example") as a, FakeServer(name="b.example") as b:
        for server in (a, b):
            server.add_user("anna", name="Anna")
        yield {"a": a, "b": b}


@pytest.fixture
def servers(fakes: dict[str, FakeServer], db: None) -> dict[str, Connection]:
    return {name: held.connect(fake, name) for name, fake in fakes.items()}


def headers(token: str, domain: str = "") -> dict[str, str]:
    found = {"authorization": f"Bearer {token}"}
    return {**found, "x-tcs-domain": domain} if domain else found


def exchanged(fake: FakeServer, login: str) -> dict[str, str]:
    answer = Client().post(
        "/api/user/v1/auth/from-tcs",
        {"domain": fake.url, "token": fake.token_for(login)},
        content_type=JSON,
    )
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def everybody(fake: FakeServer, server: Connection) -> dict[str, Caller]:
    """Every kind of token that a person or an administrator of the server can have."""
    found: dict[str, Caller] = {}
    for login in ("anna", "olga"):
        pair = exchanged(fake, login)
        user = people.person_of(server, f"{login}@{fake.state.name}")
        direct = fake.token_for(login)
        issued = make_token(
            user, actor=factories.user(f"issuer-{login}", role=Role.ADMIN), label="issued"
        )[1]
        kinds = {
            f"{login}: token of the server": Caller(
                Client(headers=headers(direct, fake.url)), True
            ),
            f"{login}: the same, in one text": Caller(
                Client(headers=headers(f"tcs:{server.host}/{direct}")), True
            ),
            f"{login}: exchanged": Caller(Client(headers=headers(pair["access_token"])), True),
            f"{login}: refresh token": Caller(Client(headers=headers(pair["refresh_token"]))),
            f"{login}: own API token": Caller(bearer(user), True),
            f"{login}: issued by an administrator": Caller(Client(headers=headers(issued)), True),
            f"{login}: cookie": Caller(session(user), True),
        }
        few = ("token of the server", "exchanged", "cookie")
        found |= {who: one for who, one in kinds.items() if login == "anna" or who.endswith(few)}
    found["server-wide token"] = Caller(Client(headers=headers(fake.server_token(), fake.url)))
    found["for the wrong server"] = Caller(
        Client(headers=headers(fake.token_for("anna"), "b.example:1"))
    )
    return found


@pytest.fixture
def strangers(
    scene: Scene,  # noqa: F811
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


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["api/v1/", "api/user/", "other"])
def test_no_token_of_one_server_opens_anything_of_another(
    scene: Scene,  # noqa: F811
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


@pytest.mark.django_db
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


@pytest.mark.django_db
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


@pytest.mark.django_db
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


@pytest.fixture
def pair(
    servers: dict[str, Connection], root: Path, tmp_path: Path
) -> tuple[User, Recording, Recording]:
    """Somebody of A with every row there can be, his recording and one of B."""
    mine = held.meeting(servers["a"], tmp_path, topic="Alpha")
    theirs = held.meeting(servers["b"], tmp_path, topic="Beta", pitch=500)
    held.recognised(theirs)
    user = mine.owner
    Access.objects.create(recording=theirs, user=user, rights=EVERY)
    group = Group.objects.create(name="mixed")
    user.groups.add(group)
    Access.objects.create(recording=theirs, group=group, rights=EVERY)
    return user, mine, theirs


@pytest.mark.django_db
def test_selectors_know_nothing_of_another_realm(pair: tuple[User, Recording, Recording]) -> None:
    user, mine, theirs = pair
    for wish in Right:
        assert set(selectors.with_right(user, wish)) == {mine}
        assert not selectors.allowed(user, theirs, wish)
    parts = {row for part in selectors.visible_parts(user) for row in part}
    assert parts == {mine}
    assert selectors.rights_of(user, theirs) == frozenset()
    assert selectors.open_to(user, theirs.pk) is None
    viewers = selectors.viewers_of([str(mine.pk), str(theirs.pk)])
    assert user.pk in viewers[str(mine.pk)]
    assert user.pk not in viewers[str(theirs.pk)]
    assert words.search(user, "thousand") == []
    Recording.objects.filter(pk=theirs.pk).update(owner=user)  # even his own row
    theirs.refresh_from_db()
    assert set(selectors.visible_to(user)) == {mine}
    assert selectors.rights_of(user, theirs) == frozenset()
    assert user.pk not in selectors.viewers_of([str(theirs.pk)]).get(str(theirs.pk), set())


@pytest.mark.django_db
def test_whoever_has_no_realm_sees_what_he_is_given(
    pair: tuple[User, Recording, Recording],
) -> None:
    _user, mine, theirs = pair
    local = factories.user()
    assert not selectors.visible_to(local).exists()
    services.grant(theirs, by=factories.user(role=Role.ADMIN), rights=["view"], to=local)
    assert set(selectors.visible_to(local)) == {theirs}
    assert len(words.search(local, "thousand")) == 1
    admin = factories.user(role=Role.ADMIN)
    assert set(selectors.visible_to(admin)) == {mine, theirs}


@pytest.mark.django_db
def test_nobody_shares_across_realms(pair: tuple[User, Recording, Recording]) -> None:
    user, mine, theirs = pair
    admin, stranger = factories.user(role=Role.ADMIN), theirs.owner
    before = list(Access.objects.order_by("pk").values())
    entries = AuditEntry.objects.count()
    foreign = Group.objects.create(name="all of B")
    stranger.groups.add(foreign)
    local = factories.user("local")
    for by, to in ((admin, stranger), (user, stranger), (user, local), (user, foreign)):
        with pytest.raises(Invalid) as refused:
            services.grant(mine, by=by, rights=["view"], to=to)
        assert refused.value.code == "other_realm"
    with pytest.raises(Invalid):
        services.grant(mine, by=admin, rights=["view"], to=foreign)
    ours = factories.recording(local)
    with pytest.raises(Invalid):
        services.grant(ours, by=local, rights=["view"], to=user)
    assert list(Access.objects.order_by("pk").values()) == before
    assert AuditEntry.objects.count() == entries
    friend = people.person_of(Connection.objects.get(name="a"), "friend@a.example")
    services.grant(mine, by=user, rights=["view"], to=friend)
    assert selectors.allowed(friend, mine, Right.VIEW)


@pytest.mark.django_db
def test_nobody_finds_people_of_another_realm(pair: tuple[User, Recording, Recording]) -> None:
    user, mine, theirs = pair
    factories.user("local", email="local@here.example")
    Group.objects.create(name="board")
    where = f"/api/v1/recordings/{mine.pk}/access/"
    client = caller(user)
    told = set()
    for whom in (
        {"user": "local"},
        {"user": str(theirs.owner_id)},
        {"user": theirs.owner.username},
        {"user": "nobody-at-all"},
        {"group": "board"},
        {"group": "no-such-group"},
    ):
        answer = client.post(where, {**whom, "rights": ["view"]}, content_type=JSON)
        assert answer.status_code == 400
        told.add(answer.json()["code"])
    assert told == {"unknown_grantee"}
    browser = Client()
    browser.force_login(user)
    pages = set()
    for name in ("local", "local@here.example", theirs.owner.username, "nobody-at-all"):
        answer = browser.post(f"/recordings/{mine.pk}/access/", {"whom": "user", "name": name})
        pages.add((answer.status_code, "local" in answer.content.decode()))
    assert len({status for status, _said in pages}) == 1
    codes = {
        client.post("/api/v1/tokens/", {"label": "x", "user": name}, content_type=JSON).status_code
        for name in ("local", "nobody-at-all")
    }
    assert codes == {403}


@pytest.mark.django_db
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


@pytest.mark.django_db
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


# -- sockets --------------------------------------------------------------------------------


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    connections.settings["default"]["CONN_MAX_AGE"] = 0
    running = Server()
    yield running
    running.stop()


def heard(server: Server, token: str, topic: str) -> str:
    said = ""
    with connect(server.socket) as ws:
        ws.send(json.dumps({"op": "auth", "token": token}))
        ws.send(json.dumps({"op": "subscribe", "topics": [topic], "since": 0}))
        try:
            while "wolfram" not in said:
                said += str(ws.recv(timeout=0.5))
        except TimeoutError:
            pass
        except ConnectionClosed as closed:
            said += f" closed {closed.rcvd.code if closed.rcvd else 0}"
    return said


def knocked(server: Server, token: str) -> str:
    """What the gateway of engines says to it."""
    said = ""
    where = server.socket.replace("/ws/v1/events", "/ws/supervisor")
    with connect(where, additional_headers={"Authorization": f"Bearer {token}"}) as ws:
        try:
            while "welcome" not in said:
                said += str(ws.recv(timeout=5))
        except ConnectionClosed as closed:
            said += f" closed {closed.rcvd.code if closed.rcvd else 0}"
    return said


@pytest.mark.django_db(transaction=True)
def test_events_and_the_gateway_keep_realms_apart(
    server: Server, fakes: dict[str, FakeServer], servers: dict[str, Connection]
) -> None:
    a, b = servers["a"], servers["b"]
    anna, other = (people.person_of(one, f"anna@{one.name}.example") for one in (a, b))
    mine = factories.recording(anna, realm=a.realm)
    theirs = factories.recording(other, realm=b.realm)
    Access.objects.create(recording=theirs, user=anna, rights=EVERY)
    happen(str(theirs.pk), "summary.ready", secret="wolfram theirs")
    happen(str(mine.pk), "summary.ready", secret="wolfram mine")
    direct = fakes["a"].token_for("anna")
    kinds = {
        "in one text": f"tcs:{a.host}/{direct}",
        "exchanged": exchanged(fakes["a"], "anna")["access_token"],
        "API token": tokens.make(anna, TokenKind.API, "x")[1],
    }
    for who, token in kinds.items():
        assert "wolfram mine" in heard(server, token, "me"), who
        assert "theirs" not in heard(server, token, "me"), who
        said = heard(server, token, f"recording:{theirs.pk}")
        assert "wolfram" not in said, who
        polled = requests.get(f"{server.http}?since=0", headers=headers(token), timeout=5)
        assert "wolfram mine" in polled.text, who
        assert "theirs" not in polled.text, who
        assert "closed 440" in knocked(server, token), who
    by_header = headers(direct, a.host)
    polled = requests.get(f"{server.http}?since=0", headers=by_header, timeout=5)
    assert "wolfram mine" in polled.text
    assert "theirs" not in polled.text
