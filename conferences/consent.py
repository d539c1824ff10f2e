"""Whether people agreed to be recognised: who says so, and what does not begin without it."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from common.errors import Conflict, NotAllowed
from conferences import selectors
from conferences.choices import Consent
from conferences.models import Conference
from conferences.roles import NOT_YOURS
from conferences.services import tracks
from recordings.choices import Right
from recordings.models import Recording


def guard(recording: Recording) -> None:
    """Named in `PROCESS_GUARDS`: Conflict where nothing may be made of this recording's sound."""
    for session in selectors.sessions_in(recording):
        conference = session.conference
        if conference.consent == Consent.REFUSED:
            raise Conflict(
                _("The participants did not agree to be recognised."),
                code="consent_needed",
                next_action=_("Ask them; whoever may share the recording writes it down."),
            )
        if conference.connection.consent_required and conference.consent != Consent.GIVEN:
            raise Conflict(
                _("This is recognised only when its participants agree, and nobody said so."),
                code="consent_needed",
                next_action=_("Ask them; whoever may share the recording writes it down."),
            )


def say(
    conference: Conference,
    word: str,
    *,
    by: User,
    request: HttpRequest | None = None,
) -> Conference:
    """Given: what waited for it begins. Refused: nothing begins any more; what is here already
    stays until somebody deletes it. NotAllowed unless `by` decides about the conference."""
    if Right.SHARE not in selectors.rights_over(by, conference):
        raise NotAllowed(_(NOT_YOURS))
    return tracks.say_consent(conference, word, actor=by, request=request)
