"""On a recording's page: consent, rights by role, and leaving somebody out."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import AuditEntry
from common.errors import Invalid, NotAllowed, NotFound
from conferences import consent, leaving_out, roles, selectors
from conferences.choices import ConferenceRole, Consent
from conferences.models import Conference, Participant
from recordings.choices import Right
from recordings.models import Recording
from recordings.pages import find, page
from recordings.pages.visitor import person


@require_POST
@page
def say_consent(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    recording = find(request, recording_id, Right.SHARE)
    word = request.POST.get("consent", "")
    if word not in Consent.values:
        raise Invalid(_("Choose whether they agreed."))
    conference = roles.conference_of(recording)
    consent.say(conference, word, by=person(request), request=request)
    messages.success(request, _("It was written down."))
    return redirect("recording", recording.pk)


@require_POST
@page
def change_roles(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """What is ticked for each role; a role whose ticks did not change is not touched."""
    recording = find(request, recording_id, Right.SHARE)
    before = roles.shown(recording)
    wishes: dict[str, list[str] | None] = {
        role: ticked
        for role, rule in before.items()
        if {*(ticked := request.POST.getlist(role))} != {*rule.rights}
    }
    if usual := request.POST.get("default"):
        wishes = {usual: None}
    roles.change(recording, wishes, by=person(request), request=request)
    messages.success(request, _("Rights by role were changed."))
    return redirect("recording", recording.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def leave_out(request: HttpRequest, recording_id: UUID, participant: int) -> HttpResponse:
    """GET asks once more; POST does it, and there is no way back."""
    recording = find(request, recording_id)
    there = Participant.objects.filter(
        pk=participant, conference__sessions__recording=recording
    ).first()
    if there is None:
        raise NotFound(_("There is no such participant or track."))
    visitor = person(request)
    if not leaving_out.may_leave_out(visitor, recording, there.call_id):
        raise NotAllowed(_("You may look at this recording, but not do this with it."))
    if request.method != "POST":
        context = {"recording": recording, "participant": there}
        return render(request, "conferences/leave_out.html", context)
    leaving_out.leave_out(recording, call_id=there.call_id, by=visitor, request=request)
    messages.success(request, _("%(name)s is left out.") % {"name": there})
    return redirect("recording", recording.pk)


def decisions(request: HttpRequest, recording: Recording, held: set[Right]) -> dict[str, Any]:
    """What the panel shows of all this."""
    conference = roles.conference_of(recording)
    own = selectors.call_id_of(request.user, recording)
    return {
        "consent": {"word": conference.get_consent_display(), **_said(conference)},
        "consent_required": conference.connection.consent_required,
        "may_decide": Right.SHARE in held
        and Right.SHARE in selectors.rights_over(request.user, conference),
        "refused": conference.consent == Consent.REFUSED,
        "consents": [one for one in Consent.choices if one[0] != conference.consent],
        "roles": _roles(recording) if Right.SHARE in held else [],
        "rights": Right.choices,
        "may_leave_out": Right.DELETE in held,
        "own_call_id": own,
    }


def _said(conference: Conference) -> dict[str, Any]:
    """Who wrote it down last, and when."""
    entries = AuditEntry.objects.filter(
        object_type="conference", object_id=str(conference.pk), data__has_key="consent"
    )
    last = entries.order_by("-at").first()
    return {"by": last.actor_name, "at": last.at} if last else {}


def _roles(recording: Recording) -> list[dict[str, Any]]:
    labels = dict(ConferenceRole.choices)
    return [
        {"role": role, "label": labels[role], "rule": rule}
        for role, rule in roles.shown(recording).items()
    ]
