"""Rows of access that point into another realm open nothing; nobody is found or given to across."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.choices import Role
from accounts.models import AuditEntry, User
from common.errors import Invalid
from conferences.models import Connection
from conferences.services import people
from conferences.tests import scene as held
from recognition import selectors as words
from recordings import selectors, services
from recordings.choices import Right
from recordings.models import Access, Recording
from recordings.tests import factories
from recordings.tests.doors import caller
from tests.realms.callers import EVERY, JSON

pytestmark = pytest.mark.django_db


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
