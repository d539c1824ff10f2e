"""What a person does to a recording: rename, process, cancel, delete. HTMX is a bonus."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from recordings import services
from recordings.choices import Right
from recordings.models import Recording
from recordings.pages.detail import status_context
from recordings.pages.visitor import find, page, person, rights

OPTIONS = ("engine", "language")


@require_http_methods(["GET", "HEAD", "POST"])
@page
def title(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """GET: the heading, as a form with `?edit=1`. POST: the new title."""
    recording = find(request, recording_id, Right.EDIT if request.method == "POST" else Right.VIEW)
    if request.method == "POST":
        recording = services.describe(recording, title=request.POST.get("title", ""))
    if not _htmx(request):
        return redirect("recording", recording_id)
    editing = request.method != "POST" and "edit" in request.GET
    can = {right.value: True for right in rights(request, recording)}
    context = {"recording": recording, "editing": editing, "can": can, "focus": True}
    return render(request, "recordings/title.html", context)


@require_POST
@page
def process(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Once more along a pipeline, whole or for chosen tracks."""
    recording = find(request, recording_id, Right.RUN)
    named = request.POST.getlist("tracks")
    tracks = [int(text) for text in named if text.isdecimal() and len(text) < 19]
    services.process(
        recording,
        pipeline=request.POST.get("pipeline") or None,
        params={name: value for name in OPTIONS if (value := request.POST.get(name, "").strip())},
        tracks=tracks or None,
        by=person(request),
    )
    return _back(request, recording, _("It is on its way."))


@require_POST
@page
def cancel(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    recording = find(request, recording_id, Right.RUN)
    services.cancel(recording)
    return _back(request, recording, _("Cancelled. What was finished before is kept."))


@require_http_methods(["GET", "HEAD", "POST"])
@page
def delete(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """GET asks once more; POST puts it into the trash, or deletes it where there is none."""
    recording = find(request, recording_id, Right.DELETE)
    days = services.trash_days()
    if request.method != "POST":
        context = {"recording": recording, "days": days}
        return render(request, "recordings/delete.html", context)
    name = str(recording)
    services.trash(recording, by=person(request), request=request)
    told = _("“%(title)s” lies in the trash.") if days else _("“%(title)s” was deleted.")
    messages.success(request, told % {"title": name})
    return redirect("recordings")


@require_POST
@page
def tags(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """The tags, separated by commas."""
    recording = find(request, recording_id, Right.EDIT)
    services.tag(recording, request.POST.get("tags", "").split(","), by=person(request))
    messages.success(request, _("The tags were saved."))
    return redirect("recording", recording.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def purge(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """GET asks once more; POST deletes the sound for good and keeps the words."""
    recording = find(request, recording_id, Right.DELETE)
    if request.method != "POST":
        return render(request, "recordings/purge.html", {"recording": recording})
    services.purge_sound(recording, by=person(request), request=request)
    messages.success(request, _("The sound was deleted; the words are kept."))
    return redirect("recording", recording.pk)


def _back(request: HttpRequest, recording: Recording, said: str) -> HttpResponse:
    """The status block for HTMX, the whole page otherwise."""
    if not _htmx(request):
        messages.success(request, said)
        return redirect("recording", recording.pk)
    recording = Recording.objects.select_related("owner").get(pk=recording.pk)
    context: dict[str, Any] = {**status_context(request, recording), "said": said}
    return render(request, "recordings/status.html", context)


def _htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def go(request: HttpRequest, name: str, *args: object) -> HttpResponse:
    """A redirect that HTMX follows as a whole page."""
    url = reverse(name, args=args)
    return HttpResponseClientRedirect(url) if _htmx(request) else HttpResponseRedirect(url)
