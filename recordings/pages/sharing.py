"""Giving a recording to others, taking it back, and coming by a link."""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import Group
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.selectors import groups_known_to, people_known_to
from common.errors import Invalid, NotFound
from recordings import selectors, services
from recordings.choices import Right
from recordings.models import Recording
from recordings.pages.detail import sharing_context
from recordings.pages.visitor import find, page, person, remember

DAYS = frozenset({1, 7, 30, 365})


@require_POST
@page
def grant(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """To a user, a group, or whoever has the link; the link is shown this once."""
    recording = find(request, recording_id, Right.SHARE)
    to = _whom(person(request), request.POST.get("whom", ""), request.POST.get("name", ""))
    granted = services.grant(
        recording,
        to=to,
        rights=request.POST.getlist("rights") if to else [Right.VIEW],
        expires_at=_expiry(request.POST.get("days", "")),
        by=person(request),
        request=request,
    )
    return _shown(request, recording, granted.secret)


def _whom(by: User, kind: str, name: str) -> User | Group | None:
    """None stands for a link."""
    match kind:
        case "link":
            return None
        case "group":
            return _group(by, name)
        case _:
            return _user(by, name)


@require_POST
@page
def revoke(request: HttpRequest, recording_id: UUID, access_id: int) -> HttpResponse:
    recording = find(request, recording_id, Right.SHARE)
    access = recording.access.filter(pk=access_id).first()
    if access is not None:
        services.revoke(access, by=person(request), request=request)
    return _shown(request, recording, "")


@require_safe
@page
def by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """The session remembers the secret, and no later address of a page contains it."""
    access = selectors.by_link(secret)
    if access is None:
        raise NotFound(
            _("This link is no longer good."),
            next_action=_("Ask whoever sent it for a new one."),
        )
    remember(request, access, secret)
    return redirect("recording", access.recording_id)


def _shown(request: HttpRequest, recording: Recording, secret: str) -> HttpResponse:
    path = reverse("recording-link", args=[secret]) if secret else ""
    link = request.build_absolute_uri(path) if path else ""
    context = {
        "recording": recording,
        "sharing": sharing_context(recording),
        "link": link,
        "can": {Right.SHARE.value: True},
    }
    if getattr(request, "htmx", False):
        return render(request, "recordings/sharing.html", context)
    if link:
        return render(request, "recordings/link.html", context)
    messages.success(request, _("Access was changed."))
    return redirect("recording", recording.pk)


def _expiry(days: str) -> datetime | None:
    if len(days) < 5 and days.isdecimal() and int(days) in DAYS:
        return timezone.now() + timedelta(days=int(days))
    return None


def _user(by: User, name: str) -> User:
    name = name.strip()
    found = people_known_to(by).filter(Q(username=name) | Q(email__iexact=name), is_active=True)
    user = found.first() if name else None
    if user is None:
        raise Invalid(
            _("There is nobody with this name."),
            next_action=_("Write the user name or the e-mail address with which he signs in."),
        )
    return user


def _group(by: User, name: str) -> Group:
    group = groups_known_to(by).filter(name=name.strip()).first()
    if group is None:
        raise Invalid(
            _("There is no group with this name."),
            next_action=_("Write the name of the group as it stands in the administration."),
        )
    return group
