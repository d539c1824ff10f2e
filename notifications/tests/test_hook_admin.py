"""Webhooks in the admin: made, changed, tested, rotated, resumed, replayed."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import User
from common.tests.http_server import HttpServer, status
from notifications import services
from notifications.choices import HookStatus
from notifications.models import Webhook, WebhookDelivery
from notifications.tests.conftest import happen
from notifications.tests.hook_scene import deliver

ADD = "/admin/notifications/webhook/add/"
SUBMIT = {"_form_submitted": "True"}


@pytest.fixture
def admin(person: Callable[..., User]) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person("root", Role.ADMIN))
    return client


@pytest.fixture
def webhook(transactional_db, receiver: HttpServer) -> Webhook:
    made = services.create_webhook(name="crm", url=receiver.url(), events=["*"], by=None)
    return made.webhook


def act(admin: Client, name: str, webhook: Webhook, **fields: str):
    where = reverse(f"admin:notifications_webhook_{name}", args=[webhook.pk])
    answer = admin.post(where, {**SUBMIT, **fields})
    assert answer.status_code in (200, 302), answer.content
    return answer


def test_made_with_a_secret_that_is_shown_once(admin: Client, receiver: HttpServer) -> None:
    answer = admin.post(ADD, {"name": "crm", "url": receiver.url(), "events": "run.status, *"})
    row = Webhook.objects.get()
    assert row.events == ["run.status", "*"]
    assert f'value="{row.secret}"' in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    change = admin.get(reverse("admin:notifications_webhook_change", args=[row.pk]))
    assert row.secret not in change.content.decode()
    given = {
        "name": "b",
        "url": receiver.url(),
        "events": "*",
        "new_secret": "sixteen letters long",
    }
    assert admin.post(ADD, given).status_code == 302
    assert Webhook.objects.get(name="b").secret == given["new_secret"]


@pytest.mark.parametrize(
    ("field", "value"), [("url", "http://10.0.0.1/"), ("events", "What?"), ("new_secret", "short")]
)
def test_what_can_not_be_is_told(
    admin: Client, receiver: HttpServer, field: str, value: str
) -> None:
    form = {"name": "crm", "url": receiver.url(), "events": "*", field: value}
    answer = admin.post(ADD, form)
    assert answer.status_code == 200
    assert "errornote" in answer.content.decode() or "error" in answer.content.decode()
    assert Webhook.objects.count() == 0


def test_changed(admin: Client, webhook: Webhook, receiver: HttpServer) -> None:
    where = reverse("admin:notifications_webhook_change", args=[webhook.pk])
    form = {"name": "crm", "url": receiver.url(path="/other"), "events": "summary.*"}
    assert admin.post(where, form).status_code == 302
    row = Webhook.objects.get()
    assert (row.url[-6:], row.events, row.enabled) == ("/other", ["summary.*"], False)
    assert admin.post(where, {**form, "url": "http://169.254.169.254/"}).status_code == 200
    assert Webhook.objects.get().url == row.url


def test_a_test_and_its_answer(admin: Client, webhook: Webhook, receiver: HttpServer) -> None:
    act(admin, "test", webhook)
    assert WebhookDelivery.objects.get().status == HookStatus.SENT
    receiver.behaviour = status(500)
    act(admin, "test", webhook)
    page = admin.get(reverse("admin:notifications_webhook_changelist")).content.decode()
    assert "It answered with something else than 2xx. 500" in page


def test_another_secret_is_asked_for_and_shown(admin: Client, webhook: Webhook) -> None:
    where = reverse("admin:notifications_webhook_rotate", args=[webhook.pk])
    assert admin.get(where).status_code == 200
    assert Webhook.objects.get().previous_secret == ""
    page = admin.post(where).content.decode()
    row = Webhook.objects.get()
    assert row.previous_secret == webhook.secret
    assert re.search(rf'value="{row.secret}"', page)


def test_resumed_and_replayed(admin: Client, webhook: Webhook, receiver: HttpServer) -> None:
    happen("1")
    deliver()
    WebhookDelivery.objects.update(status=HookStatus.FAILED)
    Webhook.objects.update(paused_at=timezone.now(), paused_reason="gone", failures=10)
    page = admin.get(reverse("admin:notifications_webhook_changelist")).content.decode()
    assert "It answered 410" in page
    act(admin, "resume", webhook)
    assert Webhook.objects.get().paused_at is None
    act(admin, "replay", webhook, period="24")
    deliver()
    assert len(receiver.asked) == 2
    log = reverse("admin:notifications_webhookdelivery_changelist")
    chosen = {"action": "replay", "_selected_action": str(WebhookDelivery.objects.get().pk)}
    assert admin.post(log, chosen).status_code == 302
    assert WebhookDelivery.objects.get().status == HookStatus.WAITING


def test_deleted_with_its_log(admin: Client, webhook: Webhook) -> None:
    happen("1")
    deliver()
    where = reverse("admin:notifications_webhook_delete", args=[webhook.pk])
    assert admin.post(where, {"post": "yes"}).status_code == 302
    assert Webhook.objects.count() == WebhookDelivery.objects.count() == 0
