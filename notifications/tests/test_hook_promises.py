"""What webhooks promise: order, a pause with a reason, replay, rotation, nothing lost to a kill."""

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from django.db import connections
from django.utils import timezone

from common.errors import Conflict
from common.tests.http_server import HttpServer, status
from notifications import services, tasks
from notifications.choices import PAUSES, HookStatus
from notifications.hooks import making, sending
from notifications.models import Webhook, WebhookDelivery
from notifications.retention import prune_notices
from notifications.tests.conftest import happen
from notifications.tests.hook_scene import SECRET, bodies, deliver, hurry, log
from notifications.tests.verifier import is_ours

pytestmark = pytest.mark.django_db(transaction=True)
Hook = Callable[..., Webhook]


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
