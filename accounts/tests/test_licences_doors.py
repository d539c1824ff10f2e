"""The doors to licences: command line, REST, admin, `apply` and metrics."""

import json
import stat
import subprocess
import sys

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import licences
from accounts.choices import Action, Role, Scope, TokenKind
from accounts.licences import State, files
from accounts.models import AuditEntry, Licence
from accounts.tests import licensing
from accounts.tests.licensing import ago, put, signed
from accounts.tests.people import Caller, person
from sai.env import ROOT

pytestmark = pytest.mark.django_db
ADMIN = "/admin/accounts/licence/"


@pytest.fixture(autouse=True)
def _vendor(settings, tmp_path):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "licence_public_keys": [licensing.PUBLIC]}
    settings.LICENCE_USAGE = {"full_connections": "accounts.tests.licensing.full"}
    settings.RECORDINGS = {**settings.RECORDINGS, "storage": str(tmp_path / "storage")}
    licensing.USED.clear()
    licences.forget()
    cache.clear()
    yield
    licences.forget()


@pytest.fixture
def command(capsys):
    def run(*words):
        call_command("licence", *map(str, words))
        return capsys.readouterr().out

    return run


def refused(command, *words):
    """The one line of a refusal."""
    with pytest.raises(CommandError) as error:
        command(*words)
    assert error.value.returncode == 2
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def vendor(command, tmp_path, settings):
    """Issues by command; its public key is trusted here."""
    key = tmp_path / "vendor.pem"
    public = command("keygen", "--out", key).strip().removeprefix("SAI_LICENCE_PUBLIC_KEY=")
    settings.ACCOUNTS = {**settings.ACCOUNTS, "licence_public_keys": [public]}

    def issue(*more, installation=None, expires="2099-12-31"):
        out = tmp_path / "acme.licence"
        where = installation or licensing.installation()
        words = ["--customer", "ACME", "--installation", where, "--expires", expires]
        command("issue", "--key", key, *words, *more, "-o", out)
        return out

    issue.key = key
    return issue


def test_a_licence_from_the_key_to_the_installation(command, vendor):
    assert stat.S_IMODE(vendor.key.stat().st_mode) == 0o600
    limits = ["--limit", "full_connections=4", "--limit", "hours_per_month=unlimited"]
    file = vendor(*limits, "--feature", "voice", "--grace-days", "3")
    said = json.loads(command("inspect", file))
    assert said["expires_at"] == "2100-01-01T00:00:00Z"
    assert said["limits"]["full_connections"] == 4
    assert said["limits"]["hours_per_month"] is None
    assert command("install", file) == f"{said['id']} installed\n"
    assert command("install", file) == f"{said['id']} was installed already\n"
    shown = command("show", "--with", "full_connections=5")
    assert said["installation"] in shown
    assert "ACME" in shown
    assert "full_connections  0 of 4" in shown
    assert "5 would be refused" in shown
    assert "All of it would be allowed" in command("show", "--with", "full_connections=4")
    assert command("remove", said["id"]) == f"{said['id']} removed\n"
    assert "state         free" in command("show")


def test_every_mistake_is_one_line_and_changes_nothing(command, vendor, tmp_path):
    other = tmp_path / "other.pem"
    command("keygen", "--out", other)
    kept = other.read_bytes()
    words = ["issue", "--customer", "A", "--installation", "*", "--key", other]
    assert "File exists" in refused(command, "keygen", "--out", other)
    assert other.read_bytes() == kept
    assert "No such file" in refused(command, "inspect", tmp_path / "none")
    assert "not a day" in refused(command, *words, "--expires", "tomorrow")
    assert "at most 60 days" in refused(command, *words, "--expires", "2099-12-31")
    assert "after it begins" in refused(command, *words, "--expires", "2001-01-01")
    wrong = [*words, "--expires", "2099-12-31", "--limit"]
    assert "There is no limit" in refused(command, *wrong, "wings=2")
    assert "is written as" in refused(command, *wrong, "full_connections=-2")
    assert "There is no limit" in refused(command, "show", "--with", "wings=2")
    foreign = vendor(installation="12345678-1234-1234-1234-123456789abc")
    assert licensing.installation() in refused(command, "install", foreign)
    assert "expired" in refused(
        command, "install", vendor("--valid-from", "2001-01-01", expires="2001-12-31")
    )
    file = vendor()
    file.write_text(file.read_text().replace("ACME", "ACNE"))
    assert "changed after it was signed" in refused(command, "install", file)
    file.write_bytes(b"\xff\xfe")
    assert "not a licence file" in refused(command, "install", file)
    other.write_text("not a key")
    here = ["--installation", licensing.installation()]
    assert "Ed25519" in refused(command, *words, *here, "--expires", "2099-12-31")
    assert "No licence" in refused(command, "remove", "n-1")
    assert not Licence.objects.exists()


def test_whoever_issues_needs_no_database(tmp_path):
    """As at the vendor's: another program, and nothing to connect to."""

    def run(*words, **more):
        surroundings = {
            "SAI_SECRET_KEY": "x",
            "DATABASE_URL": "postgresql://sai@127.0.0.1:9/none",
            "REDIS_URL": "redis://127.0.0.1:9/0",
            "SAI_LANGUAGE": "en",
            **more,
        }
        return subprocess.run(
            [sys.executable, ROOT / "manage.py", "licence", *words],
            env=surroundings, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
        )  # fmt: skip

    made = run("keygen", "--out", "k.pem")
    assert made.returncode == 0, made.stderr
    name, _equals, public = made.stdout.strip().partition("=")
    words = ["--customer", "A", "--installation", "*", "--expires", "2001-01-05"]
    issued = run("issue", "--key", "k.pem", *words, "--valid-from", "2001-01-01")
    (tmp_path / "a.licence").write_text(issued.stdout)
    inspected = run("inspect", "a.licence", **{name: public})
    assert json.loads(inspected.stdout)["customer"] == "A"
    (tmp_path / "a.licence").write_text(issued.stdout.replace('"A"', '"B"'))
    refusal = run("inspect", "a.licence", **{name: public})
    assert refusal.returncode == 2
    assert refusal.stdout == ""
    assert len(refusal.stderr.strip().splitlines()) == 1


def test_rest_tells_administrators_and_installs():
    root = Caller.of(person("root", Role.ADMIN))
    told = root("get", "licence/").json()
    assert (told["state"], told["licence"], told["warnings"]) == ("free", None, [])
    assert told["installation"] == licensing.installation()
    assert [one["limit"] for one in told["limits"]] == list(licences.LIMITS)
    text = signed(installation=told["installation"], limits={"full_connections": 4})
    licensing.USED["full_connections"] = 4
    answer = root("post", "licence/", {"text": text})
    assert answer.status_code == 201
    assert root("post", "licence/", {"text": text}).status_code == 200
    body = answer.json()
    assert (body["state"], body["licence"]["customer"]) == ("active", "Ромашка & Söhne")
    assert body["limits"][0] == {
        "limit": "full_connections", "used": 4, "allowed": 4, "percent": 100, "warning": True,
    }  # fmt: skip
    assert len(body["warnings"]) == 1
    entry = AuditEntry.objects.get(action=Action.LICENCE_INSTALLED)
    assert entry.actor_name == "root"


def test_rest_takes_a_file_and_says_why_it_takes_none():
    root = Caller.of(person("root", Role.ADMIN))

    def send(content):
        file = SimpleUploadedFile("acme.licence", content)
        return root.client.post("/api/v1/licence/", {"file": file}, headers=root.headers)

    assert send(signed().encode()).status_code == 201
    over = send(signed(id="n-9", expires_at=ago(days=1)).encode())
    assert (over.status_code, over.json()["code"]) == (400, "licence_expired")
    assert over.json()["details"]["next_action"]
    assert send(b"\xff").json()["code"] == "licence_unreadable"
    assert send(b"x" * 300_000).json()["code"] == "licence_unreadable"
    for body in ({}, {"text": ""}, {"text": 7}, {"text": "x" * 99_999}, []):
        assert root("post", "licence/", body).status_code == 400, body
    assert Licence.objects.count() == 1


def test_nobody_but_administrators_is_told_or_installs():
    root, ann = person("root", Role.ADMIN), person("ann")
    callers = [
        Caller(),
        Caller.of(ann),
        Caller.of(person("guest", Role.GUEST)),
        Caller.of(root, scopes=[Scope.READ]),
        Caller.of(None, TokenKind.ENGINE),
    ]
    for caller in callers:
        assert caller("get", "licence/").status_code in (401, 403)
        assert caller("post", "licence/", {"text": signed()}).status_code in (401, 403)
    client = Client()
    client.force_login(ann)
    assert client.get(ADMIN).status_code == 302
    assert client.post(f"{ADMIN}add/", {"pasted": signed()}).status_code == 302
    assert not Licence.objects.exists()


@pytest.fixture
def admin():
    client = Client()
    client.force_login(person("root", Role.ADMIN))
    return client


@pytest.mark.parametrize("how", ["upload", "pasted"])
def test_the_admin_installs_shows_and_removes(admin, how):
    assert admin.get(f"{ADMIN}add/").status_code == 200
    text = signed(limits={"full_connections": 2})
    sent = {how: SimpleUploadedFile("a.licence", text.encode()) if how == "upload" else text}
    assert admin.post(f"{ADMIN}add/", sent).status_code == 302
    row = Licence.objects.get()
    assert AuditEntry.objects.filter(action=Action.LICENCE_INSTALLED).count() == 1
    page = admin.get(ADMIN).content.decode()
    assert "Ромашка &amp; Söhne" in page
    assert licensing.installation() in page
    assert "Ромашка" in admin.get(f"{ADMIN}{row.pk}/change/").content.decode()
    assert admin.post(f"{ADMIN}{row.pk}/change/", {"text": "x"}).status_code == 403
    assert admin.post(f"{ADMIN}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert AuditEntry.objects.filter(action=Action.LICENCE_REMOVED).count() == 1
    assert licences.status().state == State.FREE


def test_the_admin_refuses_with_the_reason(admin):
    for sent in ({}, {"pasted": "x", "upload": SimpleUploadedFile("a", b"x")}, {"pasted": "x"}):
        assert admin.post(f"{ADMIN}add/", sent).status_code == 200
    over = admin.post(f"{ADMIN}add/", {"pasted": signed(expires_at=ago(days=1))})
    assert "expired on" in over.content.decode()
    assert not Licence.objects.exists()


def test_the_admin_answers_what_if(admin):
    fits = admin.get(ADMIN, {"with_full_connections": "1"})
    assert "All of it would be allowed" in fits.content.decode()
    over = admin.get(ADMIN, {"with_full_connections": "2", "with_hours_per_month": "\u0663x"})
    assert over.status_code == 200
    assert "2 would be refused" in over.content.decode()


def test_the_dashboard_warns(admin):
    assert "New work is refused from" not in admin.get("/admin/").content.decode()
    put(expires_at=ago(days=1))
    cache.clear()
    assert "New work is refused from" in admin.get("/admin/").content.decode()


def test_apply_installs_once(tmp_path, capsys):
    file, declared = tmp_path / "acme.licence", tmp_path / "sai.yaml"
    file.write_text(signed())
    declared.write_text(f"licences: [{{name: acme, file: {file}}}]")

    def run():
        call_command("apply", str(declared))
        return json.loads(capsys.readouterr().out)["licences"][0]

    assert run()["created"] is True
    assert run()["created"] is False
    file.write_text(signed(id="x", expires_at=ago(days=1)))
    with pytest.raises(CommandError, match=r"licences\[0\].file: The licence expired"):
        run()
    file.unlink()
    with pytest.raises(CommandError, match=r"licences\[0\].file: The file .* can't be read"):
        run()
    assert Licence.objects.count() == 1


def test_metrics_tell_of_it():
    licensing.USED["full_connections"] = 3
    put(limits={"full_connections": 4})
    told = Client().get("/metrics").content.decode()
    assert 'sai_licence_used{limit="full_connections"} 3.0' in told
    assert 'sai_licence_allowed{limit="full_connections"} 4.0' in told
    assert 'sai_licence_allowed{limit="hours_per_month"}' not in told
    assert "sai_licence_works 1.0" in told
    left = float(told.split("sai_licence_expires_seconds ")[-1].split()[0])
    assert 29 * 86400 < left < 31 * 86400


def test_the_description_of_the_format_is_true():
    """docs/licences.md shows a file: these are its parts."""
    body = json.loads(signed())
    assert list(body) == ["format", "licence", "key", "signature"]
    shown = (ROOT / "docs" / "licences.md").read_text()
    for name in [files.FORMAT, *body["licence"], *licences.LIMITS]:
        assert f'"{name}"' in shown, name
