"""Webhooks for administrators: REST, `apply` and the admin."""

import json
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.choices import Role
from accounts.models import AuditEntry, User
from common.errors import Invalid
from common.tests.http_server import HttpServer, status
from notifications import services
from notifications.models import Webhook, WebhookDelivery
from notifications.sections import WebhookEntry, declare_webhook
from notifications.tests.conftest import happen
from notifications.tests.hook_scene import deliver

Person = Callable[..., User]
HOOKS = "/api/v1/webhooks/"


class Api:
    def __init__(self, user: User) -> None:
        self.client = Client(headers={"accept-language": "en"})
        self.client.force_login(user)

    def __call__(self, method: str, path: str, body: object = None, status: int = 200):
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        answer = getattr(self.client, method)(HOOKS + path, **more)
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None


@pytest.fixture
def api(person: Person) -> Api:
    return Api(person("root", Role.ADMIN))


def test_its_whole_life(api: Api, receiver: HttpServer) -> None:
    body = {"name": "crm", "url": receiver.url(), "events": ["recording.*"]}
    made = api("post", "", body, 201)
    assert made["secret"].startswith("whsec_")
    path = f"{made['id']}/"
    assert "secret" not in api("get", path)
    assert [one["name"] for one in api("get", "")["results"]] == ["crm"]
    assert api("patch", path, {"events": ["*"], "name": "crm 2"})["events"] == ["*"]
    tested = api("post", f"{path}test/", {})
    assert (tested["status"], tested["status_code"], tested["response"]) == ("sent", 200, "ok")
    receiver.behaviour = status(500, b"no")
    tested = api("post", f"{path}test/", {})
    assert tested["because"] == "It answered with something else than 2xx."
    receiver.behaviour = status(200)
    happen("1")
    deliver()
    (sent, *_tests) = api("get", f"{path}deliveries/")["results"]
    assert (sent["type"], sent["status"], sent["next_try"]) == ("recording.status", "sent", None)
    assert len(api("get", f"{path}deliveries/?status=failed")["results"]) == 1
    again = api("post", f"deliveries/{sent['id']}/replay/", {}, 202)
    assert (again["status"], again["delivery"]) == ("waiting", sent["delivery"])
    api("post", f"deliveries/{sent['id']}/replay/", {}, 409)
    assert api("post", f"{path}replay/", {"since": "2026-01-01T00:00:00Z"}, 202) == {"replayed": 0}
    rotated = api("post", f"{path}rotate/", {"overlap_hours": 1})
    assert rotated["secret"] not in ("", made["secret"])
    assert rotated["previous_until"] is not None
    assert api("post", f"{path}resume/", {})["paused_at"] is None
    api("delete", path, status=204)
    api("get", path, status=404)
    assert WebhookDelivery.objects.count() == 0
    actions = AuditEntry.objects.filter(object_type="webhook")
    assert actions.count() == 6  # made, changed, replayed, rotated, resumed, deleted
    assert made["secret"] not in str(list(actions.values()))


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://169.254.169.254/"},
        {"url": "ftp://a/"},
        {"url": "https://nowhere.invalid/"},
        {"url": "https://user:word@example.org/"},
        {"events": []},
        {"events": ["?"]},
        {"events": "recording.status"},
        {"secret": "short"},
        {"name": ""},
        {"name": "x" * 201},
        {"name": "\x00"},
    ],
)
def test_what_can_not_be_is_told(api: Api, receiver: HttpServer, change: dict) -> None:
    body = {"name": "crm", "url": receiver.url(), "events": ["*"], **change}
    answer = api("post", "", body, 400)
    assert {"code", "message"} <= set(answer)
    assert Webhook.objects.count() == 0


def test_a_name_is_taken_once(api: Api, receiver: HttpServer) -> None:
    body = {"name": "crm", "url": receiver.url(), "events": ["*"]}
    api("post", "", body, 201)
    api("post", "", body, 409)
    other = api("post", "", {**body, "name": "other"}, 201)
    api("patch", f"{other['id']}/", {"name": "crm"}, 409)
    api("patch", f"{other['id']}/", {"url": "http://10.0.0.1/"}, 400)
    assert Webhook.objects.get(pk=other["id"]).url == receiver.url()


@pytest.mark.parametrize(
    ("path", "body"),
    [("rotate/", {"overlap_hours": 10**9}), ("rotate/", {"secret": "x"}), ("replay/", {})],
)
def test_bad_orders(api: Api, receiver: HttpServer, path: str, body: dict) -> None:
    made = api("post", "", {"name": "crm", "url": receiver.url(), "events": ["*"]}, 201)
    api("post", f"{made['id']}/{path}", body, 400)


def test_not_for_others(person: Person, receiver: HttpServer) -> None:
    hook = services.create_webhook(name="crm", url=receiver.url(), events=["*"], by=None).webhook
    api = Api(person("ann"))
    for path in ("", f"{hook.pk}/", f"{hook.pk}/deliveries/"):
        api("get", path, status=403)
    for path in (f"{hook.pk}/test/", f"{hook.pk}/rotate/", f"{hook.pk}/resume/"):
        api("post", path, {}, 403)
    api("delete", f"{hook.pk}/", status=403)
    assert receiver.asked == []
    assert Client().get(HOOKS).status_code == 401


def test_a_file_of_webhooks(transactional_db, receiver: HttpServer, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CRM_SECRET", "out of the environment")
    file = tmp_path / "hooks.yaml"
    file.write_text(
        f"webhooks:\n  - name: crm\n    url: {receiver.url()}\n"
        "    events: [recording.status, 'summary.*']\n    secret: ${CRM_SECRET}\n"
    )
    call_command("apply", str(file))
    row = Webhook.objects.get()
    told = json.loads(capsys.readouterr().out)
    assert told == {"webhooks": [{"name": "crm", "id": row.pk, "created": True}]}
    assert (row.secret, row.events) == ("out of the environment", ["recording.status", "summary.*"])
    file.write_text("webhooks:\n  - name: b\n    url: http://10.0.0.1/\n    events: ['*']\n")
    with pytest.raises((CommandError, SystemExit)):
        call_command("apply", str(file))
    assert Webhook.objects.count() == 1


def test_apply_makes_and_keeps(transactional_db, receiver: HttpServer) -> None:
    fields = {"name": "crm", "url": receiver.url(), "events": ["*"]}
    first = declare_webhook(WebhookEntry(**fields))
    assert (first.created, first.token.startswith("whsec_")) == (True, True)
    before = Webhook.objects.get()
    second = declare_webhook(WebhookEntry(**{**fields, "events": ["run.status"]}))
    assert (second.created, second.token, second.id) == (False, "", first.id)
    after = Webhook.objects.get()
    assert (after.secret, after.events) == (before.secret, ["run.status"])
    entry = WebhookEntry(**fields, secret="given by the file itself")
    declare_webhook(entry)
    declare_webhook(entry)
    row = Webhook.objects.get()
    assert (row.secret, row.previous_secret) == ("given by the file itself", before.secret)
    with pytest.raises(Invalid):
        declare_webhook(WebhookEntry(**{**fields, "url": "http://10.0.0.1/"}))
