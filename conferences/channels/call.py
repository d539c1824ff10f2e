"""The server's own call: this notice to these people, about a conference of theirs."""

from contextlib import closing
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.errors import SaiError, gettext_noop
from conferences.channels.people import reached_as, text_of
from conferences.models import Conference, Connection
from conferences.platforms.registry import get_driver
from notifications.channels.base import LONGEST, Message, NotDelivered

NO_CONFERENCE: Final = gettext_noop("This is about no conference of the person's server.")


class TcsCall:
    """Tells nothing of recordings that came from elsewhere: the call belongs to a conference."""

    title = _("Notice of the meeting server")
    max_length = LONGEST - 64

    def reaches(self, user: User) -> bool:
        return reached_as(user) is not None

    def send(self, user: User, message: Message) -> None:
        person = reached_as(user)
        if person is None:
            raise NotDelivered(NO_CONFERENCE, code="no_conference", retryable=False)
        conference = _conference(person.connection, message)
        try:
            with closing(get_driver(person.connection)) as driver:
                driver.tell(
                    conference.remote_id,
                    call_ids=[person.call_id],
                    message=text_of(message, at_most=LONGEST),
                )
        except SaiError as error:
            raise as_undelivered(error) from error


def _conference(connection: Connection, message: Message) -> Conference:
    """The first of those that the message tells of."""
    recordings = [UUID(key) for kind, key in message.objects if kind == "recording"]
    found = Conference.objects.filter(
        connection=connection, sessions__recording__in=recordings
    ).first()
    if found is None:
        raise NotDelivered(NO_CONFERENCE, code="no_conference", retryable=False)
    return found


def as_undelivered(error: SaiError) -> NotDelivered:
    """What a driver says, as a channel says it; `retryable` is the driver's."""
    return NotDelivered(
        error.message,
        code=error.code,
        retryable=error.retryable,
        next_action=error.next_action,
        details=error.details,
    )
