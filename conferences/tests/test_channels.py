"""People of a server are told by their server: its call, and its chat."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from conferences.channels import bots
from conferences.channels.call import TcsCall
from conferences.channels.chat import TcsChat
from conferences.channels.people import mark_of
from conferences.choices import ConnectionStatus
from conferences.fake_tcs.server import FakeServer
from conferences.models import Conference, Connection, Identity
from conferences.platforms.trueconf import chat_socket
from conferences.services import people
from conferences.tests.platforms import tcs
from conferences.tests.scene import connect, meeting
from notifications import delivering, events, making, tasks
from notifications.channels.base import LONGEST, Message, NotDelivered
from notifications.choices import DeliveryStatus
from notifications.models import Delivery
from recordings.models import Recording

__all__ = ["tcs"]
pytestmark = pytest.mark.django_db
BOT = {"chat_bot_user": "transcription_bot", "chat_bot_password": "transcription_bot-password"}

HOST = "person1@tcs.example"


@pytest.fixture(autouse=True)
def no_bots(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(chat_socket, "PATIENCE_S", 2.0)
    yield
    bots.forget_all()


@pytest.fixture
def north(tcs: FakeServer) -> Connection:
    tcs.add_user("anna")
    return connect(tcs, "tcs", **BOT)


@pytest.fixture
def anna(north: Connection) -> User:
    return people.person_of(north, "anna@tcs.example")


def held(tcs: FakeServer, north: Connection, folder: Path) -> tuple[Recording, User, str]:
    """A conference that is known here and there, and who held it."""
    there = tcs.add_meeting(tracks=2)
    recording = meeting(north, folder, owner=HOST.partition("@")[0])
    Conference.objects.update(remote_id=there.id)
    return recording, Identity.objects.get(call_id=HOST).user, there.id


def message(body: str = "Recognised: Budget", **more: object) -> Message:
    given = {
        "key": "recognised:1",
        "title": "SAI: Recognised: Budget",
        "body": body,
        "link": "https://sai.example/recordings/1/",
        "facts": ("recognised",),
        "objects": (),
    }
    return Message(**{**given, **more})  # type: ignore[arg-type]


def texts(tcs: FakeServer) -> list[str]:
    return [one.text for one in tcs.messages]


def signed_in(tcs: FakeServer) -> int:
    return sum("/bridge/" in one.path for one in tcs.requests)


def test_the_bot_writes_with_link_and_mark(tcs: FakeServer, anna: User) -> None:
    TcsChat().send(anna, message())
    [told] = tcs.messages
    assert told.author == "transcription_bot@tcs.example"
    assert told.recipient == "anna@tcs.example"
    assert told.parse_mode == "text"
    assert told.text.splitlines() == [
        "Recognised: Budget",
        "https://sai.example/recordings/1/",
        mark_of("recognised:1"),
    ]


def test_a_bot_signs_in_once_for_many_messages(tcs: FakeServer, anna: User) -> None:
    for number in range(5):
        TcsChat().send(anna, message(str(number)))
    assert [text[0] for text in texts(tcs)] == ["0", "1", "2", "3", "4"]
    assert signed_in(tcs) == 1


def test_markup_is_only_text(tcs: FakeServer, anna: User) -> None:
    TcsChat().send(anna, message("<b>Budget</b> *now*"))
    assert texts(tcs)[0].startswith("<b>Budget</b> *now*\n")


def test_the_longest_message_still_fits_with_its_link(tcs: FakeServer, anna: User) -> None:
    TcsChat().send(anna, message("я" * LONGEST))
    [text] = texts(tcs)
    assert len(text) == LONGEST
    assert text.endswith(f"\nhttps://sai.example/recordings/1/\n{mark_of('recognised:1')}")


@pytest.mark.parametrize("how", ["closed", "expired"])
def test_a_bot_comes_back(tcs: FakeServer, anna: User, how: str) -> None:
    TcsChat().send(anna, message("one"))
    if how == "closed":
        assert tcs.drop_chats() == 1
        time.sleep(0.1)
    else:
        tcs.state.expire_bot_tokens()
    TcsChat().send(anna, message("two"))
    assert [text[:3] for text in texts(tcs)] == ["one", "two"]
    assert signed_in(tcs) == 2


def test_opening_a_chat_is_asked_again_where_the_socket_dropped(
    tcs: FakeServer, anna: User
) -> None:
    tcs.faults.add("chat_drop", path="createP2PChat", times=1)
    TcsChat().send(anna, message())
    assert len(tcs.messages) == 1


def test_a_chat_that_is_gone_is_opened_anew(tcs: FakeServer, anna: User) -> None:
    TcsChat().send(anna, message("one"))
    tcs.state.chats.clear()
    TcsChat().send(anna, message("two"))
    assert len(tcs.messages) == 2


@pytest.mark.parametrize("fault", ["chat_drop", "chat_silent"])
def test_a_lost_answer_is_for_another_try_and_no_message_is_lost(
    tcs: FakeServer, anna: User, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(chat_socket, "PATIENCE_S", 0.3)
    tcs.faults.add(fault, path="sendMessage", times=1)
    with pytest.raises(NotDelivered) as lost:
        TcsChat().send(anna, message())
    assert lost.value.retryable
    assert lost.value.code == "chat_lost"
    assert tcs.messages == []
    _wait_out_the_pause()
    TcsChat().send(anna, message())
    assert len(tcs.messages) == 1


def test_what_arrived_though_the_answer_was_lost_comes_again_with_the_same_mark(
    tcs: FakeServer, anna: User
) -> None:
    tcs.faults.add("chat_drop", path="sendMessage", times=1, delivered=True)
    with pytest.raises(NotDelivered):
        TcsChat().send(anna, message())
    _wait_out_the_pause()
    TcsChat().send(anna, message())
    first, second = texts(tcs)
    assert first == second
    assert mark_of("recognised:1") in first


def test_a_server_that_is_down_is_left_in_peace_for_a_while(tcs: FakeServer, anna: User) -> None:
    tcs.die()
    codes = []
    for _ in range(2):
        with pytest.raises(NotDelivered) as away:
            TcsChat().send(anna, message())
        assert away.value.retryable
        codes.append(away.value.code)
    assert codes[1] == "chat_paused"
    assert codes[0] != "chat_paused"
    tcs.revive()
    _wait_out_the_pause()
    TcsChat().send(anna, message())
    assert len(tcs.messages) == 1


def _wait_out_the_pause() -> None:
    for bot in bots._bots.values():
        bot.not_before = 0.0


def test_a_person_whom_the_bot_may_not_write_to_is_not_tried_again(
    tcs: FakeServer, north: Connection
) -> None:
    nobody = people.person_of(north, "nobody@tcs.example")
    with pytest.raises(NotDelivered) as refused:
        TcsChat().send(nobody, message())
    assert not refused.value.retryable
    assert refused.value.details == {"status": 302}


def test_a_wrong_password_says_whose(tcs: FakeServer, north: Connection, anna: User) -> None:
    Connection.objects.update(chat_bot_password="wrong")
    with pytest.raises(NotDelivered) as refused:
        TcsChat().send(anna, message())
    assert refused.value.code == "chat_credentials"
    assert "password" in refused.value.next_action
    Connection.objects.filter(pk=north.pk).update(**BOT)
    TcsChat().send(User.objects.get(pk=anna.pk), message())
    assert len(tcs.messages) == 1


def test_where_the_bridge_takes_no_passwords_the_way_goes_through_v4(
    tcs: FakeServer, anna: User
) -> None:
    tcs.state.bot_passwords = False
    TcsChat().send(anna, message())
    assert len(tcs.messages) == 1
    assert signed_in(tcs) == 3


def test_an_idle_bot_leaves(tcs: FakeServer, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots, "IDLE_S", 0.1)
    TcsChat().send(anna, message())
    end = time.monotonic() + 5
    while bots._bots[_connection().pk].chat._socket and time.monotonic() < end:
        time.sleep(0.02)
    assert tcs.drop_chats() == 0
    TcsChat().send(anna, message())
    assert len(tcs.messages) == 2


def _connection() -> Connection:
    return Connection.objects.get()


def test_over_tls_with_the_connections_own_certificate() -> None:
    with FakeServer(https=True, certificate_hosts=("127.0.0.1", "localhost")) as tcs:
        tcs.add_user("anna")
        assert tcs.certificate is not None
        safe = connect(tcs, "safe", ca_bundle=tcs.certificate.read_text(), **BOT)
        TcsChat().send(people.person_of(safe, "anna@tcs.example"), message())
        assert len(tcs.messages) == 1
        Connection.objects.update(ca_bundle="")
        with pytest.raises(NotDelivered):
            TcsChat().send(User.objects.get(), message())
        assert len(tcs.messages) == 1


@pytest.mark.parametrize("channel", [TcsCall(), TcsChat()])
def test_whom_a_channel_reaches(channel: TcsCall | TcsChat, north: Connection, anna: User) -> None:
    assert channel.reaches(anna)
    assert not channel.reaches(User.objects.create(username="local"))
    for wrong in ({"enabled": False}, {"status": ConnectionStatus.REJECTED}):
        Connection.objects.update(**wrong)
        assert not channel.reaches(User.objects.get(pk=anna.pk))
        Connection.objects.update(enabled=True, status=ConnectionStatus.WORKS)
    Connection.objects.update(chat_bot_password="")
    assert channel.reaches(User.objects.get(pk=anna.pk)) == isinstance(channel, TcsCall)


def test_the_server_calls_a_person_about_his_conference(
    tcs: FakeServer, north: Connection, root: Path, tmp_path: Path
) -> None:
    recording, anna, there = held(tcs, north, tmp_path)
    TcsCall().send(anna, message(objects=(("recording", str(recording.pk)),)))
    [notice] = tcs.notified
    assert (notice.conference_id, notice.recipients) == (there, [HOST])
    assert notice.message.startswith("Recognised: Budget\n")
    assert notice.message.endswith(mark_of("recognised:1"))


def test_the_call_tells_nothing_of_another_servers_conference(
    tcs: FakeServer, north: Connection, anna: User, root: Path, tmp_path: Path
) -> None:
    with FakeServer(name="south.example") as south:
        recording = meeting(connect(south, "south"), tmp_path)
        with pytest.raises(NotDelivered) as refused:
            TcsCall().send(anna, message(objects=(("recording", str(recording.pk)),)))
        assert not refused.value.retryable
        assert tcs.notified == south.notified == []


def test_the_drivers_word_on_another_try_counts(
    tcs: FakeServer, north: Connection, root: Path, tmp_path: Path
) -> None:
    recording, anna, _there = held(tcs, north, tmp_path)
    about = message(objects=(("recording", str(recording.pk)),))
    for fault, again in (({"status": 503}, True), ({"status": 400}, False)):
        tcs.faults.add("error", path="*/notify", times=1, **fault)
        with pytest.raises(NotDelivered) as refused:
            TcsCall().send(anna, about)
        assert refused.value.retryable is again
    assert tcs.notified == []


@pytest.mark.django_db(transaction=True)
def test_many_threads_share_one_bot(tcs: FakeServer, anna: User) -> None:
    def write(number: int) -> None:
        try:
            TcsChat().send(anna, message(f"{number}"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    assert sorted(text.split("\n")[0] for text in texts(tcs)) == list("012345")
    assert signed_in(tcs) == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_after_sending_leaves_a_double_with_one_mark(
    tcs: FakeServer,
    north: Connection,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording, host, there = held(tcs, north, tmp_path)
    events.append(
        events.TRANSCRIPT_READY,
        object_type="recording",
        object_id=str(recording.pk),
        topic=f"recording:{recording.pk}",
        data={"transcript": 1, "version": 1},
    )
    while making.make_notices():
        pass
    mine = Delivery.objects.filter(recipient=host)
    assert sorted(mine.values_list("channel", flat=True)) == ["tcs_call", "tcs_chat"]
    Delivery.objects.exclude(pk__in=mine).delete()
    with monkeypatch.context() as killed:
        killed.setattr(delivering, "_settle", lambda *_args, **_more: None)
        tasks.deliver()
    Delivery.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    tasks.deliver()
    assert {*mine.values_list("status", flat=True)} == {DeliveryStatus.SENT}
    called = [one.message for one in tcs.notified if one.conference_id == there]
    for told, channel in ((texts(tcs), "tcs_chat"), (called, "tcs_call")):
        first, second = told
        assert first == second
        assert mark_of(mine.get(channel=channel).key) in first
