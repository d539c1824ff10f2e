"""A message in the server's chat, from the Transcription Bot's account of the connection."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.errors import SaiError, gettext_noop
from conferences.channels import bots
from conferences.channels.call import as_undelivered
from conferences.channels.people import reached_as, text_of
from conferences.choices import Platform
from conferences.models import Connection
from conferences.platforms.trueconf.chat import LONGEST
from notifications.channels.base import Message, NotDelivered

NO_BOT = gettext_noop("The connection of this person's server has no chat bot.")


class TcsChat:
    """May write twice where a process or a socket died after it wrote: both carry one mark."""

    title = _("Chat of the meeting server")
    max_length = LONGEST - 64

    def reaches(self, user: User) -> bool:
        person = reached_as(user)
        return person is not None and _has_bot(person.connection)

    def send(self, user: User, message: Message) -> None:
        person = reached_as(user)
        if person is None or not _has_bot(person.connection):
            raise NotDelivered(NO_BOT, code="no_chat_bot", retryable=False)
        try:
            bots.write(person.connection, person.call_id, text_of(message, at_most=LONGEST))
        except SaiError as error:
            raise as_undelivered(error) from error


def _has_bot(connection: Connection) -> bool:
    return bool(
        connection.platform == Platform.TRUECONF
        and connection.chat_bot_user
        and connection.chat_bot_password
    )
