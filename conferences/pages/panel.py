"""The conference on a recording's page: its people, its sessions, what is missing, and joining."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.errors import Invalid
from conferences import selectors
from conferences.choices import DownloadStatus
from conferences.pages.deciding import decisions
from conferences.services import joining
from recordings.choices import Right
from recordings.models import Recording
from recordings.pages import Panel, find, page, rights
from recordings.wording import told

MOST_PEOPLE = 200


def conference_panel(request: HttpRequest, recording: Recording) -> Panel | None:
    """Named in wiring; nothing where the recording is of no conference, or a link let him in."""
    sessions = list(selectors.sessions_in(recording))
    if not sessions or not request.user.is_authenticated:
        return None
    conference = sessions[0].conference
    held = set(rights(request, recording))
    tracks = list(selectors.tracks_in(recording))
    context: dict[str, Any] = {
        "conference": conference,
        "sessions": sessions,
        "people": conference.participants.order_by("display_name", "call_id")[:MOST_PEOPLE],
        "awaited": [
            {"track": one, "error": told(one.error)}
            for one in tracks
            if one.status not in (DownloadStatus.STORED, DownloadStatus.LEFT_OUT)
        ],
        "joinable": list(selectors.joinable_with(recording, request.user)[:20])
        if Right.DELETE in held
        else [],
        **decisions(request, recording, held),
    }
    return Panel(
        slug="conference",
        title=_("Conference"),
        template="conferences/panel.html",
        context=context,
        place="aside",
        live_on=("recording.status", "recording.changed"),
    )


@require_POST
@page
def join(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Joins this recording with the chosen ones of the same conference."""
    try:
        others = [UUID(one) for one in request.POST.getlist("with")[:50]]
    except ValueError:
        raise Invalid(_("Choose the recordings to join.")) from None
    chosen = [find(request, one, Right.DELETE) for one in [recording_id, *others]]
    joined = joining.join(chosen, by=request.user, request=request)  # type: ignore[arg-type]
    return redirect("recording", joined.pk)
