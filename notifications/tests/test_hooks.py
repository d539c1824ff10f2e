"""Webhooks on their way to a receiver that behaves, and to one that doesn't."""

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connections
from django.utils import timezone

from common.errors import Conflict, Invalid
from common.http import guard as guards
from common.tests.http_server import HttpServer, closes, http_server, huge, slow, status
from notifications import events, services, tasks
from notifications.choices import PAUSES, HookStatus
from notifications.hooks import making, sending
from notifications.models import StreamCursor, Webhook, WebhookDelivery
from notifications.retention import prune_notices
from notifications.tests.conftest import happen
from notifications.tests.verifier import is_ours

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "a secret of sixteen and more"
Hook = Callable[..., Webhook]


@pytest.fixture
def receiver(settings) -> Iterator[HttpServer]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    with http_server() as server:
        yield server


@pytest.fixture
def hook(receiver: HttpServer) -> Hook:
    def make(name: str = "crm", url: str = "", asks: tuple[str, ...] = ("*",)) -> Webhook:
        return services.create_webhook(
            name=name, url=url or receiver.url(), events=asks, secret=SECRET, by=None
        ).webhook

    return make


def deliver() -> None:
    while making.make_deliveries():
        pass
    tasks.deliver_webhooks()


def hurry() -> None:
    """Whatever waits is due now."""
    past = timezone.now() - dt.timedelta(seconds=1)
    WebhookDelivery.objects.filter(status=HookStatus.WAITING).update(ready_at=past)
    WebhookDelivery.objects.filter(status=HookStatus.SENDING).update(lease_until=past)


def log() -> list[tuple[str, str]]:
    return list(WebhookDelivery.objects.order_by("id").values_list("status", "error"))


def bodies(receiver: HttpServer) -> list[dict]:
    return [json.loads(asked.body) for asked in receiver.asked]


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


def test_in_order_of_each_object(hook: Hook, receiver: HttpServer) -> None:
    hook()
    receiver.behaviour = status(500)
    for number in range(3):
        happen("a", number=number)
    deliver()
    assert len(receiver.asked) == 1  # the others wait for the first
    happen("b", number=9)
    receiver.behaviour = status(200)
    deliver()
    assert [body["data"]["number"] for body in bodies(receiver)] == [0, 9]
    hurry()
    deliver()
    told = [body["data"]["number"] for body in bodies(receiver)]
    assert told == [0, 9, 0, 1, 2]


def test_what_was_given_up_stops_nobody(hook: Hook, receiver: HttpServer) -> None:
    hook()
    happen("a", number=0)
    happen("a", number=1)
    making.make_deliveries()
    first = WebhookDelivery.objects.order_by("id").first()
    assert first
    WebhookDelivery.objects.filter(pk=first.pk).update(status=HookStatus.FAILED)
    deliver()
    assert [body["data"]["number"] for body in bodies(receiver)] == [1]


def test_paused_after_ten_in_a_row_and_resumed_without_loss(
    hook: Hook, receiver: HttpServer, caplog
) -> None:
    webhook = hook()
    receiver.behaviour = status(503)
    for number in range(12):
        happen(str(number))
    making.make_deliveries()
    WebhookDelivery.objects.update(failures=len(PAUSES) - 1)
    for _ in range(15):
        deliver()
    webhook.refresh_from_db()
    assert webhook.failures == 10
    assert webhook.paused_at is not None
    assert webhook.paused_reason == "status"
    assert "webhook paused" in caplog.text
    assert len(receiver.asked) == 10
    happen("while it is paused")
    hurry()
    deliver()
    assert len(receiver.asked) == 10
    receiver.behaviour = status(200)
    services.resume_webhook(webhook, by=None)
    hurry()
    deliver()
    assert [state for state, _error in log()].count(HookStatus.SENT) == 3
    since = timezone.now() - dt.timedelta(hours=1)
    assert services.replay_failed(webhook, since=since, by=None) == 10
    deliver()
    assert {state for state, _error in log()} == {HookStatus.SENT}
    webhook.refresh_from_db()
    assert (webhook.failures, webhook.paused_at, webhook.paused_reason) == (0, None, "")


def test_a_success_in_between_counts_anew(hook: Hook, receiver: HttpServer) -> None:
    webhook = hook()
    Webhook.objects.update(failures=9)
    happen("1")
    deliver()
    webhook.refresh_from_db()
    assert webhook.failures == 0


def test_who_says_gone_is_asked_nothing_more(hook: Hook, receiver: HttpServer) -> None:
    webhook = hook()
    receiver.behaviour = status(410)
    happen("1")
    happen("2")
    deliver()
    webhook.refresh_from_db()
    assert webhook.paused_reason == "gone"
    hurry()
    deliver()
    assert len(receiver.asked) == 1


def test_replay_has_the_same_id_and_a_new_signature(hook: Hook, receiver: HttpServer) -> None:
    hook()
    happen("1")
    deliver()
    row = WebhookDelivery.objects.get()
    services.replay_one(row, by=None)
    with pytest.raises(Conflict):
        services.replay_one(row, by=None)
    deliver()
    first, second = receiver.asked
    assert first.body == second.body
    assert first.headers["sai-delivery"] == second.headers["sai-delivery"]
    assert is_ours(SECRET, second.headers["sai-signature"], second.body)


def test_rotation_signs_with_both_for_a_while(hook: Hook, receiver: HttpServer) -> None:
    webhook = hook()
    made = services.rotate_secret(webhook, by=None, overlap_hours=2)
    assert made.secret.startswith("whsec_")
    happen("1")
    deliver()
    header = receiver.asked[0].headers["sai-signature"]
    assert header.count("v1=") == 2
    assert is_ours(SECRET, header, receiver.asked[0].body)
    assert is_ours(made.secret, header, receiver.asked[0].body)
    Webhook.objects.update(previous_until=timezone.now())
    happen("2")
    deliver()
    header = receiver.asked[1].headers["sai-signature"]
    assert header.count("v1=") == 1
    assert is_ours(made.secret, header, receiver.asked[1].body)
    assert not is_ours(SECRET, header, receiver.asked[1].body)


def test_secrets_are_encrypted_at_rest(hook: Hook) -> None:
    services.rotate_secret(hook(), by=None)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT secret, previous_secret FROM notifications_webhook")
        for text in cursor.fetchone():
            assert SECRET not in text
            assert "whsec_" not in text


def test_a_test_goes_even_where_it_is_paused(hook: Hook, receiver: HttpServer) -> None:
    webhook = hook()
    Webhook.objects.update(paused_at=timezone.now(), failures=9)
    told = services.test_webhook(webhook)
    assert (told.status, told.status_code) == (HookStatus.SENT, 200)
    assert bodies(receiver)[0]["type"] == "webhook.test"
    receiver.behaviour = status(500)
    told = services.test_webhook(webhook)
    assert (told.status, told.error) == (HookStatus.FAILED, "status")
    webhook.refresh_from_db()
    assert webhook.failures == 9  # a test proves nothing about deliveries


def test_killed_in_the_middle_it_is_sent_again(hook: Hook, receiver: HttpServer) -> None:
    hook()
    happen("1")
    making.make_deliveries()
    dead = sending.claim()
    assert dead
    assert sending.claim() is None
    hurry()
    deliver()
    assert len(receiver.asked) == 1
    sending._settle(dead, last=True, error="status")  # what comes late changes nothing
    assert log() == [(HookStatus.SENT, "")]
    assert Webhook.objects.get().failures == 0


def test_many_senders_keep_the_order(hook: Hook, receiver: HttpServer) -> None:
    hook()
    for number in range(8):
        for key in "abc":
            happen(key, number=number)
    making.make_deliveries()

    def sender() -> None:
        try:
            tasks.deliver_webhooks()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sender) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    tasks.deliver_webhooks()
    told = [(body["object"]["id"], body["data"]["number"]) for body in bodies(receiver)]
    for key in "abc":
        assert [number for one, number in told if one == key] == list(range(8))


def test_a_disabled_one_gets_nothing(hook: Hook, receiver: HttpServer) -> None:
    webhook = hook()
    services.change_webhook(webhook, by=None, enabled=False)
    happen("1")
    deliver()
    assert (receiver.asked, log()) == ([], [])


def test_the_log_is_forgotten(hook: Hook) -> None:
    hook()
    happen("1")
    deliver()
    WebhookDelivery.objects.update(created_at=timezone.now() - dt.timedelta(days=2))
    prune_notices(1)
    assert log() == []
