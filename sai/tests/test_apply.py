"""`apply` and `create_token`: what a file declares becomes true, or nothing does."""

import json

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.choices import Role, TokenKind
from accounts.models import AuditEntry, Token, User

pytestmark = pytest.mark.django_db

FILE = """
users:
  - {name: root, role: admin, password: "${ROOT_PASSWORD}", email: root@example.org}
  - name: ann
tokens:
  - {name: ci, user: ann, scopes: [read], days: 30}
  - {name: gpu-1, engine: true}
"""


class QuickArgon2(Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 256
    parallelism = 1


@pytest.fixture(autouse=True)
def _surroundings(settings, monkeypatch):
    settings.PASSWORD_HASHERS = [f"{__name__}.QuickArgon2"]
    monkeypatch.setenv("ROOT_PASSWORD", "correct horse 9")


@pytest.fixture
def apply(tmp_path, capsys):
    def run(text):
        file = tmp_path / "sai.yaml"
        file.write_text(text)
        call_command("apply", str(file))
        return json.loads(capsys.readouterr().out)

    return run


def refused(apply, text):
    """The lines of a refusal, after which everything is as before."""
    before = state()
    with pytest.raises(CommandError) as error:
        apply(text)
    assert error.value.returncode == 2
    after = state()
    assert after == before
    *lines, last = str(error.value).splitlines()
    assert last == "Nothing was changed."
    return [line.partition("sai.yaml: ")[2] for line in lines]


def test_users_and_tokens_are_made_and_work(apply):
    answer = apply(FILE)
    root, ann = User.objects.order_by("id")
    assert answer["users"][0] == {"name": "root", "id": root.pk, "created": True}
    assert (root.role, root.email, root.is_staff) == (Role.ADMIN, "root@example.org", True)
    assert root.check_password("correct horse 9")
    assert ann.check_password(answer["users"][1]["password"])
    text = answer["tokens"][0]["token"]
    me = Client().get("/api/v1/me/", headers={"authorization": f"Bearer {text}"})
    assert me.json()["username"] == "ann"
    engine = Token.objects.get(label="gpu-1")
    assert (engine.kind, engine.user) == (TokenKind.ENGINE, None)
    assert answer["tokens"][1]["token"].startswith("sai_e_")


def state():
    people, made = User.objects.order_by("pk"), Token.objects.order_by("pk")
    return list(people.values()), list(made.values()), AuditEntry.objects.count()


def test_the_second_time_changes_nothing_and_shows_no_secret(apply):
    first = apply(FILE)
    before = state()
    second = apply(FILE)
    after = state()
    assert after == before
    for section, entries in second.items():
        assert [entry["id"] for entry in entries] == [entry["id"] for entry in first[section]]
        assert all(set(entry) == {"name", "id", "created"} for entry in entries)
        assert not any(entry["created"] for entry in entries)


def test_what_differs_is_changed_and_what_is_not_said_stays(apply, monkeypatch):
    apply(FILE)
    monkeypatch.setenv("ROOT_PASSWORD", "another good 7")
    apply(FILE.replace("scopes: [read]", "scopes: [write, read]"))
    assert User.objects.get(username="root").check_password("another good 7")
    assert Token.objects.get(label="ci").scopes == ["read", "write"]
    apply("users: [{name: root, email: new@example.org}]")
    root = User.objects.get(username="root")
    assert (root.email, root.role) == ("new@example.org", Role.ADMIN)
    assert root.check_password("another good 7")


def test_a_revoked_token_is_made_anew(apply):
    first = apply(FILE)["tokens"][0]
    Token.objects.filter(pk=first["id"]).update(revoked_at="2026-01-01T00:00Z")
    second = apply(FILE)["tokens"][0]
    assert second["created"] is True
    assert second["token"] != first["token"]


def test_every_mistake_is_told_at_once_with_its_place(apply):
    lines = refused(
        apply,
        """
users:
  - {name: root, role: king, colour: red}
  - {password: x}
  - {name: ann, password: "12345"}
  - {name: bob, password: "${NO_SUCH_VARIABLE}"}
  - {name: eve, email: nonsense}
  - {name: dan, password: a long enough one}
  - {name: dan}
  - just text
tokens:
  - {name: ci, user: nobody, scopes: [fly]}
  - {name: both, user: dan, engine: true}
  - {name: lost, user: nobody}
  - {name: of-root, user: root}
  - {name: old, user: dan, days: -1}
spaceships: []
""",
    )
    told = dict(line.split(": ", 1) for line in lines)
    assert told["users[0].role"] == "Input should be 'admin', 'user' or 'guest'"
    assert told["users[0].colour"].startswith("there is no such field; there are: name, role, ")
    assert told["users[1].name"] == "Field required"
    assert "too short" in told["users[2].password"]
    assert told["users[3].password"] == "the environment has no NO_SUCH_VARIABLE"
    assert "valid email" in told["users[4].email"] or "details" in told["users[4].email"]
    assert told["users[6].name"] == "this name stands twice"
    assert told["users[7]"].startswith("an entry has fields")
    assert "'read', 'write' or 'admin'" in told["tokens[0].scopes[0]"]
    assert told["tokens[1]"] == "name either a user, or engine: true"
    assert told["tokens[2].user"] == "There is no user “nobody”."
    assert "tokens[3].user" not in told
    assert told["tokens[4].days"] == "Input should be greater than 0"
    assert told["spaceships"].startswith("there is no such section; there are: users, tokens")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("users: [", "line 1: "),
        ("users:\n  - {name: a}\nusers: []", "line 3: 'users' stands twice"),
        ("- a\n- b", "the file holds sections"),
        ("", "the file holds sections"),
        ("users: {name: root}", "users: a section is a list of entries"),
        ("users: yes", "users: a section is a list of entries"),
        ('users: [{name: "a\\0b"}]', "users[0].name: a text can't hold a NUL character"),
        ("users: [{name: 7}]", "users[0].name: Input should be a valid string"),
        ("? {a: b}\n: c", "line 1: found unhashable key"),
    ],
)
def test_a_file_that_makes_no_sense(apply, text, told):
    assert refused(apply, text)[0].startswith(told)


def test_a_file_that_is_not_there():
    with pytest.raises(CommandError, match=r"no\.yaml: No such file") as error:
        call_command("apply", "no.yaml")
    assert error.value.returncode == 2


def test_the_last_administrator_is_not_declared_away(apply):
    apply(FILE)
    assert "last active administrator" in refused(apply, "users: [{name: root, role: user}]")[0]


def test_a_mistake_never_repeats_a_secret(apply):
    lines = refused(apply, "users: [{name: root, role: king, password: [hunter2-secret]}]")
    assert "hunter2" not in str(lines)


def test_create_token_prints_the_token_alone(capsys):
    User.objects.create_user("ann", password="correct horse 9")
    call_command("create_token", "--user=ann", "--label=ci", "--scope=read", "--days=7")
    text = capsys.readouterr().out.strip()
    assert text.startswith("sai_p_")
    assert "\n" not in text
    me = Client().get("/api/v1/me/", headers={"authorization": f"Bearer {text}"})
    assert me.json()["username"] == "ann"
    token = Token.objects.get()
    assert (token.scopes, token.label) == (["read"], "ci")
    assert token.expires_at is not None


@pytest.mark.parametrize("wrong", [["--user=nobody"], ["--user=ann", "--days=-1"]])
def test_create_token_refuses_with_one_line(wrong, capsys):
    User.objects.create_user("ann", password="correct horse 9")
    with pytest.raises(CommandError) as error:
        call_command("create_token", "--label=ci", *wrong)
    assert error.value.returncode == 2
    assert "\n" not in str(error.value)
    assert capsys.readouterr().out == ""
    assert not Token.objects.exists()
