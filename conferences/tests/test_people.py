"""People of meeting servers: found or made once, and as their server says."""

import threading

import pytest
from django.db import connection as database

from accounts.choices import Role
from accounts.models import AuditEntry, User
from common.errors import Invalid
from conferences.models import Connection, Identity
from conferences.platforms.base import Person
from conferences.services import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def north() -> Connection:
    return Connection.objects.create(name="north", url="https://north.example")


@pytest.fixture
def south() -> Connection:
    return Connection.objects.create(name="south", url="https://south.example")


def test_somebody_is_made_once_and_belongs_to_his_server(north: Connection) -> None:
    anna = people.person_of(north, "Anna@North.example", "Anna A.", "anna@mail.example")
    again = people.person_of(north, "anna@north.example", "Somebody else")
    assert again == anna
    assert (anna.username, anna.realm, anna.role) == ("anna@north.example", north.realm, Role.USER)
    assert (anna.first_name, anna.email) == ("Anna A.", "anna@mail.example")
    assert not anna.has_usable_password()
    assert not anna.is_staff
    identity = Identity.objects.get()
    assert (identity.display_name, identity.verified_at) == ("Anna A.", None)
    assert AuditEntry.objects.filter(object_type="user", object_id=str(anna.pk)).count() == 1


def test_the_same_call_id_on_two_servers_is_two_people(
    north: Connection, south: Connection
) -> None:
    one = people.person_of(north, "anna@x")
    two = people.person_of(south, "anna@x")
    assert one != two
    assert (one.realm, two.realm) == (north.realm, south.realm)
    assert one.username != two.username


def test_a_local_user_of_that_name_is_not_taken_over(north: Connection) -> None:
    admin = User.objects.create_user("admin", password="x", role=Role.ADMIN)
    person = people.person_of(north, "admin")
    assert person != admin
    assert (person.role, person.is_superuser) == (Role.USER, False)
    assert person.username.startswith("admin-")


@pytest.mark.parametrize("call_id", ["", "  ", "x" * 201])
def test_what_is_no_call_id_makes_nobody(north: Connection, call_id: str) -> None:
    with pytest.raises(Invalid):
        people.person_of(north, call_id)
    assert not Identity.objects.exists()
    assert not User.objects.exists()


def test_odd_characters_are_kept_in_the_identity_only(north: Connection) -> None:
    person = people.person_of(north, "гость 7#x@vcs")
    assert person.username == "гость_7_x@vcs"
    assert Identity.objects.get().call_id == "гость 7#x@vcs"
    longest = people.person_of(north, "y" * 200)
    assert len(longest.username) == 150


def test_an_administrator_there_is_one_while_the_server_says_so(north: Connection) -> None:
    before = people.person_of(north, "boss@north")
    identity = people.verified(north, Person("Boss@north", "The boss", is_administrator=True))
    assert identity.user == before
    assert identity.is_administrator
    assert identity.verified_at is not None
    assert identity.display_name == "The boss"
    assert list(before.groups.all()) == [people.administrators_of(north)]
    before.refresh_from_db()
    assert (before.role, before.is_superuser, before.first_name) == (Role.USER, False, "The boss")
    identity = people.verified(north, Person("boss@north", "The boss"))
    assert not identity.is_administrator
    assert not before.groups.exists()
    changes = AuditEntry.objects.filter(data__administrator_of=north.pk).order_by("pk")
    assert [entry.data["is"] for entry in changes] == [True, False]


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one(north: Connection) -> None:
    found: list[int] = []
    start = threading.Barrier(6)

    def ask() -> None:
        try:
            start.wait(10)
            found.append(people.person_of(north, "same@north", "Same").pk)
        finally:
            database.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 6
    assert len(set(found)) == 1
    assert User.objects.count() == Identity.objects.count() == 1
