"""Correcting a line on a recording's page: its words, its speaker, splitting and joining.

Works without scripts; with them `static/js/editing.js` shows the form in the place of the line.
"""

from urllib.parse import urlencode
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import audit
from common.errors import Conflict, Invalid, NotFound, SaiError
from recognition import selectors, services
from recognition.editing.values import Line
from recognition.models import Edit
from recognition.services.editing import LONGEST_LINE, NOTHING_CHANGED
from recordings.choices import Right
from recordings.models import Recording
from recordings.pages import find, page


@require_http_methods(["GET", "HEAD", "POST"])
@page
def line(request: HttpRequest, recording_id: UUID, line: int) -> HttpResponse:
    """GET: the line as a form. POST `do`: save (the usual), split, join, remove."""
    recording = find(request, recording_id, Right.EDIT)
    if request.method != "POST":
        return _form(request, recording, _find(recording, line))
    try:
        with transaction.atomic():
            _apply(request, recording, line)
    except (Conflict, Invalid) as error:
        return _form(request, recording, _find(recording, line), error)
    if getattr(request, "htmx", False):
        return HttpResponse(status=204)
    return redirect(_back_to(recording, request.POST.get("start", "")))


def _apply(request: HttpRequest, recording: Recording, line: int) -> None:
    given, by = request.POST, audit.actor_of(request)
    do = given.get("do", "save")
    wish = {"text": "" if do == "remove" else given.get("text"), "speaker": _speaker(request)}
    seen: str | None = given.get("seen")
    try:
        services.change_line(recording, line=line, by=by, seen=seen, **wish)
        seen = None
    except Conflict as conflict:
        if conflict.code != NOTHING_CHANGED:
            raise
    if do == "split":
        at = given.get("at", "")
        services.split_line(
            recording, line=line, at=int(at) if at.isdecimal() else 0, by=by, seen=seen
        )
    elif do == "join":
        services.join_lines(recording, line=line, by=by, seen=seen)


def _speaker(request: HttpRequest) -> str | None:
    """A new name where one was written, else the one that was chosen instead of who stood there."""
    given = request.POST
    new, chosen = given.get("new_speaker", "").strip(), given.get("speaker")
    return new or (chosen if chosen != given.get("seen_speaker") else None) or None


def _find(recording: Recording, line: int) -> Line:
    transcript = selectors.transcript_of(recording)
    lines = selectors.sketch_of(transcript).lines if transcript else ()
    found = next((one for one in lines if one.id == line), None)
    if found is None:
        raise NotFound(
            _("This line is no more: somebody else changed the transcript meanwhile."),
            next_action=_("Load the page anew and look."),
        )
    return found


def _form(
    request: HttpRequest, recording: Recording, line: Line, error: SaiError | None = None
) -> HttpResponse:
    """The line as a form; after a mistake with what was written, after a conflict with both."""
    transcript = selectors.transcript_of(recording)
    names = selectors.names_of(recording)
    shown = names.get(line.speaker, line.speaker)
    labels = selectors.speakers_of(transcript) if transcript else []
    edits = Edit.objects.filter(pk__in=line.edits).select_related("author").order_by("-pk")
    context = {
        "recording": recording,
        "line": line,
        "limit": LONGEST_LINE,
        "text": request.POST.get("text", line.text),
        "shown": shown,
        "speaker": request.POST.get("speaker", shown),
        "new_speaker": request.POST.get("new_speaker", ""),
        "speakers": list(dict.fromkeys(names.get(label, label) for label in labels)),
        "places": list(enumerate(line.text.split()))[1:],
        "edits": edits,
        "error": error,
        "conflict": error is not None and error.code == "changed_meanwhile",
        "back": _back_to(recording, f"{line.start:.3f}", line.id),
    }
    status = error.status if error else 200
    inside = getattr(request, "htmx", False)
    template = "recognition/line_edit.html" if inside else "recognition/line_page.html"
    return render(request, template, context, status=status)


def _back_to(recording: Recording, start: str, line: int | None = None) -> str:
    place = f"#phrase-{line}" if line is not None else ""
    return f"{reverse('recording', args=[recording.pk])}?{urlencode({'at': start})}{place}"
