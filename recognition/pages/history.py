"""What people corrected, and what two versions say differently."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.choices import Action
from common.errors import NotFound
from recognition import comparing, corrections, selectors, services
from recognition.comparing import Comparison
from recognition.editing.difference import Difference, Piece, pieces_of
from recognition.models import Edit
from recordings import selectors as recordings
from recordings.choices import Right
from recordings.models import Recording
from recordings.pages import find, page, rights
from recordings.pages.visitor import person

PAGE = 100
MOST = 500
"""Differences on one page."""


@require_safe
@page
def edits(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Corrections, newest first, with those that fit no more."""
    recording = _held(request, recording_id)
    before = request.GET.get("before", "")
    rows, last = corrections.page(
        recording,
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
        limit=PAGE,
    )
    context = {
        "recording": recording,
        "rows": [{**row, "pieces": _pieces(row), "parts": _parts(row)} for row in rows],
        "last": last,
        "lost": sum(row["state"] == corrections.LOST for row in rows),
        "can_edit": Right.EDIT in rights(request, recording),
    }
    return render(request, "recognition/edits.html", context)


def _pieces(row: dict[str, Any]) -> list[Piece]:
    """What a correction of words changed."""
    if row["text"] is None:
        return []
    return list(pieces_of(row["before"][0].split(), row["text"].split()))


def _parts(row: dict[str, Any]) -> list[str]:
    """The two lines of a split one, or those that were joined."""
    if row["split_at"] is None:
        return list(row["before"])
    words = row["before"][0].split()
    return [" ".join(words[: row["split_at"]]), " ".join(words[row["split_at"] :])]


@require_POST
@page
def undo(request: HttpRequest, recording_id: UUID, edit: int) -> HttpResponse:
    recording = find(request, recording_id, Right.EDIT)
    found = Edit.objects.filter(recording=recording, pk=edit).first()
    if found is None:
        raise NotFound(_("There is no such correction in this recording."))
    services.undo(found, by=audit.actor_of(request), request=request)
    if getattr(request, "htmx", False):
        return HttpResponse(status=204)
    messages.success(request, _("The correction was taken back."))
    return redirect("transcript-edits", recording_id)


@require_safe
@page
def difference(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Two versions against each other."""
    recording = _held(request, recording_id)
    old, new = request.GET.get("from", ""), request.GET.get("to", "")
    compared = comparing.compare(recording, old=old, new=new)
    by = audit.actor_of(request)
    audit.record(by, Action.VIEW, "recording", recording.pk, request=request)
    names = selectors.names_of(recording)
    context = {
        "recording": recording,
        "compared": compared,
        "sides": _sides(recording),
        "places": [_place(one, names) for one in compared.differences[:MOST]],
        "more": max(len(compared.differences) - MOST, 0),
        **_counts(compared),
    }
    return render(request, "recognition/difference.html", context)


def _held(request: HttpRequest, recording_id: UUID) -> Recording:
    """A link shows the words of now alone: what stood there before is for who has the right."""
    user = person(request)
    recording = find(request, recording_id)
    if not recordings.allowed(user, recording, Right.VIEW):
        raise NotFound(_("There is no such recording, or it was not shared with you."))
    return recording


def _sides(recording: Recording) -> list[tuple[str, str]]:
    """(key, words) of all that can be compared."""
    found = []
    for transcript in recording.transcripts.order_by("-version"):
        number = {"n": transcript.version}
        if selectors.is_edited(transcript):
            found.append((str(transcript.version), _("Version %(n)s as corrected") % number))
            found.append((f"{transcript.version}-raw", _("Version %(n)s as recognised") % number))
        else:
            found.append((str(transcript.version), _("Version %(n)s") % number))
    return found


def _place(one: Difference, names: dict[str, str]) -> dict[str, Any]:
    def speakers(lines: Any) -> list[str]:
        return list(dict.fromkeys(names.get(line.speaker, line.speaker) for line in lines))

    old, new = speakers(one.old), speakers(one.new)
    return {
        "start": min(line.start for line in (*one.old, *one.new)),
        "speakers": new or old,
        "was": old if new and old and old != new else [],
        "pieces": one.pieces,
    }


def _counts(compared: Comparison) -> dict[str, int]:
    pieces = [piece for one in compared.differences for piece in one.pieces]
    return {
        kind: sum(len(piece.text.split()) for piece in pieces if piece.kind == kind)
        for kind in ("added", "removed")
    }
