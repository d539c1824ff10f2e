"""E-mail, by Django's backend and the `SAI_SMTP_*` settings.

Whoever gets a message twice knows it by its Message-ID: it is made of the key and the same at
every try.
"""

import hashlib
import smtplib
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.errors import gettext_noop
from notifications.channels.base import LONGEST, Message, NotDelivered

PERMANENT: Final = 500
"""SMTP replies from here on are for good (RFC 5321, 4.2.1)."""


class Email:
    title = _("E-mail")
    max_length = LONGEST

    def reaches(self, user: User) -> bool:
        return bool(user.email and settings.EMAIL_HOST)

    def send(self, user: User, message: Message) -> None:
        try:
            _mail(user, message).send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _text in error.recipients.values()]
            raise _failure("email_recipient", all(code < PERMANENT for code in codes)) from error
        except smtplib.SMTPAuthenticationError as error:  # an administrator mends it
            raise _failure("email_sign_in", True) from error
        except smtplib.SMTPResponseException as error:
            raise _failure("email_refused", error.smtp_code < PERMANENT) from error
        except (smtplib.SMTPException, OSError) as error:
            raise _failure("email_server", True) from error


def _mail(user: User, message: Message) -> EmailMessage:
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    digest = hashlib.sha256(message.key.encode()).hexdigest()[:32]
    return EmailMessage(
        subject=message.title,
        body=message.body,
        to=[user.email],
        headers={"Message-ID": f"<{digest}@{host}>", "Auto-Submitted": "auto-generated"},
    )


WORDS: Final = {
    "email_recipient": gettext_noop("The mail server does not take this address."),
    "email_sign_in": gettext_noop("The mail server refuses our name or password."),
    "email_refused": gettext_noop("The mail server refused the message."),
    "email_server": gettext_noop("The mail server does not answer as it should."),
}


def _failure(code: str, retryable: bool) -> NotDelivered:
    return NotDelivered(WORDS[code], code=code, retryable=retryable)
