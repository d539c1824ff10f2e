"""The trash: what one may restore, or delete for good."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from common.errors import NotFound
from recordings import selectors, services
from recordings.models import Recording
from recordings.pages.visitor import page, person

SHOWN = 100


@require_safe
@page
def index(request: HttpRequest) -> HttpResponse:
    found = list(selectors.in_trash(person(request)).order_by("-trashed_at", "-id")[: SHOWN + 1])
    context = {
        "recordings": found[:SHOWN],
        "more": len(found) > SHOWN,
        "days": services.trash_days(),
    }
    return render(request, "recordings/trash.html", context)


@require_POST
@page
def restore(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    recording = _find(request, recording_id)
    services.restore(recording, by=person(request), request=request)
    messages.success(request, _("“%(title)s” was restored.") % {"title": recording})
    return redirect("recording", recording.pk)


@require_POST
@page
def delete(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    recording = _find(request, recording_id)
    name = str(recording)
    services.delete(recording, by=person(request), request=request)
    messages.success(request, _("“%(title)s” was deleted.") % {"title": name})
    return redirect("trash")


def _find(request: HttpRequest, recording_id: UUID) -> Recording:
    found = selectors.in_trash(person(request)).filter(pk=recording_id).first()
    if found is None:
        raise NotFound(_("There is no such recording in your trash."))
    return found
