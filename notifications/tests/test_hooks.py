"""Webhooks on their way to a receiver that behaves, and to one that doesn't."""

import json
import time
from collections.abc import Callable

import pytest
from django.utils import timezone

from common.errors import Invalid
from common.http import guard as guards
from common.tests.http_server import HttpServer, closes, http_server, huge, slow, status
from notifications import events, services, tasks
from notifications.choices import PAUSES, HookStatus
from notifications.hooks import sending
from notifications.models import StreamCursor, Webhook, WebhookDelivery
from notifications.tests.conftest import happen
from notifications.tests.hook_scene import SECRET, deliver, hurry, log
from notifications.tests.verifier import is_ours

pytestmark = pytest.mark.django_db(transaction=True)
Hook = Callable[..., Webhook]


def test_an_event_arrives_signed(hook: Hook, receiver: HttpServer) -> None:
    hook()
    happen("17", **{"from": "processing", "to": "done"})
    deliver()
    (asked,) = receiver.asked
    assert asked.line == "POST /hook HTTP/1.1"
    body = json.loads(asked.body)
    row = WebhookDelivery.objects.get()
    assert set(body) == {"id", "type", "api_version", "created_at", "seq", "object", "data"}
    assert (body["type"], body["api_version"]) == ("recording.status", "1")
    assert body["object"] == {"type": "recording", "id": "17"}
    assert body["data"] == {"from": "processing", "to": "done"}
    assert body["seq"] == row.seq
    assert body["id"] == asked.headers["sai-delivery"] == str(row.uid)
    assert is_ours(SECRET, asked.headers["sai-signature"], asked.body)
    assert not is_ours("another secret", asked.headers["sai-signature"], asked.body)
    assert not is_ours(SECRET, asked.headers["sai-signature"], asked.body + b" ")
    assert not is_ours(SECRET, asked.headers["sai-signature"], asked.body, now=time.time() + 600)
    assert (row.status, row.status_code, row.response) == (HookStatus.SENT, 200, "ok")
    deliver()
    assert len(receiver.asked) == 1


def test_only_what_is_asked_for_and_from_now_on(hook: Hook, receiver: HttpServer) -> None:
    happen("1")
    hook("some", asks=("summary.*", "recording.deleted"))
    hook("all")
    for kind in (events.SUMMARY_READY, events.RECORDING_DELETED, events.STEP_STATUS):
        happen("2", kind)
    happen("2", events.RUN_STATUS)
    deliver()
    got = {
        name: list(
            WebhookDelivery.objects.filter(webhook__name=name)
            .order_by("id")
            .values_list("type", flat=True)
        )
        for name in ("some", "all")
    }
    assert got["some"] == ["summary.ready", "recording.deleted"]
    assert got["all"] == ["summary.ready", "recording.deleted", "run.status"]


def test_steps_come_only_by_name(hook: Hook) -> None:
    hook(asks=("step.*",))
    happen("1", events.STEP_STATUS)
    happen("1", events.RUN_STATUS)
    deliver()
    assert list(WebhookDelivery.objects.values_list("type", flat=True)) == ["step.status"]


def test_made_once_however_often_it_is_read(hook: Hook) -> None:
    hook()
    for number in range(5):
        happen(str(number))
    deliver()
    StreamCursor.objects.update(seq=0)
    deliver()
    assert WebhookDelivery.objects.count() == 5


def test_tried_again_at_the_promised_pace_and_given_up(hook: Hook, receiver: HttpServer) -> None:
    hook()
    receiver.behaviour = status(500, b"down \x00 for now")
    happen("1")
    deliver()
    waits = []
    for _ in range(len(PAUSES) - 1):
        row = WebhookDelivery.objects.get()
        assert row.status == HookStatus.WAITING
        waits.append(round((row.ready_at - timezone.now()).total_seconds()))
        tasks.deliver_webhooks()  # not due
        hurry()
        tasks.deliver_webhooks()
    assert waits == [pytest.approx(pause, abs=3) for pause in (30, 120, 600, 3600, 21600)]
    row = WebhookDelivery.objects.get()
    assert (row.status, row.error, row.status_code) == (HookStatus.FAILED, "status", 500)
    assert row.response == "down  for now"
    assert len(receiver.asked) == len(PAUSES)
    assert len({asked.headers["sai-delivery"] for asked in receiver.asked}) == 1
    assert Webhook.objects.get().failures == 1


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (status(500), "status"),
        (status(404), "status"),
        (status(302, b"", "Location: http://127.0.0.1:1/"), "status"),
        (slow(3), "outbound_timeout"),
        (closes, "outbound_broken"),
    ],
    ids=["500", "404", "redirect", "slow", "closes"],
)
def test_receivers_that_misbehave(
    hook: Hook, receiver: HttpServer, monkeypatch, behaviour, error: str
) -> None:
    monkeypatch.setattr(sending, "LIMITS", sending.Limits(seconds=0.4, body_bytes=2000))
    hook()
    receiver.behaviour = behaviour
    happen("1")
    deliver()
    assert log() == [(HookStatus.WAITING, error)]
    receiver.behaviour = status(204)
    hurry()
    deliver()
    assert log() == [(HookStatus.SENT, "")]


def test_a_redirect_leads_nowhere(hook: Hook, receiver: HttpServer) -> None:
    with http_server() as inside:
        receiver.behaviour = status(307, b"", f"Location: {inside.url()}")
        hook()
        happen("1")
        deliver()
        assert inside.asked == []
    assert WebhookDelivery.objects.get().status_code == 307


def test_a_huge_answer_is_not_read(hook: Hook, receiver: HttpServer) -> None:
    hook()
    receiver.behaviour = huge
    happen("1")
    deliver()
    row = WebhookDelivery.objects.get()
    assert (row.status, len(row.response)) == (HookStatus.SENT, 500)


def test_nobody_is_there(hook: Hook) -> None:
    hook(url="http://127.0.0.1:9/")
    happen("1")
    deliver()
    assert log() == [(HookStatus.WAITING, "outbound_unreachable")]


def test_a_name_that_turns_inside_is_refused_when_it_is_used(
    hook: Hook, receiver: HttpServer, settings, monkeypatch
) -> None:
    """Looked at when it is saved, and at every connection: the name server lies in between."""
    settings.OUTBOUND_ALLOW = []
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    stub = lambda _host, _port: answers.pop(0) if len(answers) > 1 else answers[0]  # noqa: E731
    monkeypatch.setattr("common.http.clients.guard", lambda **more: guards.Guard(resolver=stub))
    monkeypatch.setattr(guards, "guard", lambda **more: guards.Guard(resolver=stub))
    hook(url=receiver.url("hooks.example"))
    assert answers == [["127.0.0.1"]]
    happen("1")
    deliver()
    assert log() == [(HookStatus.FAILED, "outbound_refused")]
    assert receiver.asked == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://169.254.169.254/x", "http://[::1]/", "ftp://a/", "x"]
)
def test_bad_addresses_are_refused_when_they_are_saved(settings, url: str) -> None:
    settings.OUTBOUND_ALLOW = []
    with pytest.raises(Invalid):
        services.create_webhook(name="x", url=url, events=["*"], by=None)
    assert Webhook.objects.count() == 0


@pytest.mark.parametrize(
    "asks", [[], ["nonsense"], ["Recording.*"], ["*.*"], ["a.b"] * 51 + ["; x"]]
)
def test_bad_wishes_are_refused(receiver: HttpServer, asks: list[str]) -> None:
    with pytest.raises(Invalid):
        services.create_webhook(name="x", url=receiver.url(), events=asks, by=None)
