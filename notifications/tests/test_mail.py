"""E-mail through a mail server that behaves, and through one that doesn't."""

from collections.abc import Callable, Iterator

import pytest

from accounts.models import User
from notifications import tasks
from notifications.channels.mail import Email
from notifications.choices import DeliveryStatus
from notifications.models import Delivery
from notifications.tests.scene import make_all, meeting, recognised
from notifications.tests.smtp import MailServer, mail_server

Person = Callable[..., User]


@pytest.fixture
def post(settings) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 1
        settings.DEFAULT_FROM_EMAIL = "sai@example.org"
        settings.PUBLIC_URL = "https://sai.example"
        yield server


@pytest.fixture
def ann(person: Person) -> User:
    user = person("ann")
    user.email, user.language = "ann@example.org", "en"
    user.save()
    return user


def deliver(ann: User, title: str = "Бюджет") -> Delivery:
    recognised(meeting(ann, title=title))
    make_all()
    tasks.deliver()
    return Delivery.objects.get()


def test_a_letter_arrives(post: MailServer, ann: User) -> None:
    assert deliver(ann).status == DeliveryStatus.SENT
    (letter,) = post.taken
    assert letter["To"] == "ann@example.org"
    assert letter["From"] == "sai@example.org"
    assert letter["Auto-Submitted"] == "auto-generated"
    body = letter.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "Бюджет\r\nhttps://sai.example/recordings/" in body.decode()


def test_a_letter_that_comes_twice_has_one_id(post: MailServer, ann: User) -> None:
    """The server took it and hung up before it said so: nobody knows, so it is sent again."""
    post.replies["AFTER DATA"] = "hang up"
    assert deliver(ann).status == DeliveryStatus.WAITING
    post.replies.clear()
    Delivery.objects.update(ready_at="2026-01-01T00:00Z")
    tasks.deliver()
    assert Delivery.objects.get().status == DeliveryStatus.SENT
    assert len(post.taken) == 2
    assert len({letter["Message-ID"] for letter in post.taken}) == 1


@pytest.mark.parametrize(
    ("command", "reply", "code", "status"),
    [
        ("RCPT", "550 nobody here", "email_recipient", DeliveryStatus.FAILED),
        ("RCPT", "450 greylisted", "email_recipient", DeliveryStatus.WAITING),
        ("MAIL", "553 not you", "email_refused", DeliveryStatus.FAILED),
        ("DATA", "451 later", "email_refused", DeliveryStatus.WAITING),
        ("DATA", "554 spam", "email_refused", DeliveryStatus.FAILED),
        ("MAIL", "hang up", "email_server", DeliveryStatus.WAITING),
        ("EHLO", "hang up", "email_server", DeliveryStatus.WAITING),
    ],
)
def test_a_server_that_refuses(
    post: MailServer, ann: User, command: str, reply: str, code: str, status: str
) -> None:
    post.replies[command] = reply
    row = deliver(ann)
    assert (row.error["code"], row.status) == (code, status)
    assert post.taken == []


def test_no_server_at_all(ann: User, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    row = deliver(ann)
    assert (row.error["code"], row.status) == ("email_server", DeliveryStatus.WAITING)


def test_a_title_is_no_header(post: MailServer, ann: User) -> None:
    deliver(ann, "Budget\r\nBcc: all@evil.example")
    (letter,) = post.taken
    assert letter["Bcc"] is None
    assert letter["Subject"] == "SAI: Recognised: Budget Bcc: all@evil.example"


def test_whom_no_letter_reaches(ann: User, settings) -> None:
    settings.EMAIL_HOST = "mail.example"
    assert Email().reaches(ann)
    ann.email = ""
    assert not Email().reaches(ann)
    ann.email, settings.EMAIL_HOST = "ann@example.org", ""
    assert not Email().reaches(ann)
