"""The panel of the transcript, further lines of it, and the names of its speakers."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from common.errors import NotFound
from recognition import selectors, services
from recognition.exports.registry import FORMATS
from recognition.models import Transcript
from recognition.pages import reading
from recognition.pages.reading import Shown, Text
from recognition.pages.timeline import timeline
from recordings.choices import Right
from recordings.models import Recording
from recordings.pages import Panel, find, page, rights


def transcript_panel(request: HttpRequest, recording: Recording) -> Panel | None:
    """Named in wiring."""
    transcript = _chosen(request, recording)
    context: dict[str, Any] = {"transcript": transcript}
    if transcript:
        text = reading.text_of(transcript)
        speakers = reading.speakers_in(text, selectors.names_of(recording))
        versions = list(
            recording.transcripts.order_by("-version").values_list("version", flat=True)
        )
        context |= {
            "versions": versions,
            "exports": FORMATS,
            "speakers": speakers.values(),
            "timeline": timeline(text.spoken(), speakers, recording.duration),
            "dropped": selectors.phrases_of(transcript, dropped=True).exists(),
            "corrections": selectors.edits_of(transcript).count(),
            "lost": len(text.lost),
            **_lines(request, transcript, _panel_page(request, text), speakers),
        }
    return Panel(
        slug="transcript",
        title=_("Transcript"),
        template="recognition/transcript.html",
        context=context,
        # Of transcript.changed static/js/editing.js fetches only what is shown, line by line.
        live_on=("transcript.ready",),
    )


def _panel_page(request: HttpRequest, text: Text) -> Shown:
    if "since" in request.GET:
        since, until = (seconds(request.GET.get(name)) for name in ("since", "until"))
        return reading.window(text, since, until)
    return reading.page_at(text, seconds(request.GET.get("at")))


@require_safe
@page
def lines(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """More lines: `after` or `before` a position, or around the second `at`."""
    recording = find(request, recording_id)
    transcript = _needed(request, recording)
    text = reading.text_of(transcript)
    speakers = reading.speakers_in(text, selectors.names_of(recording))
    if "before" in request.GET:
        shown = reading.page_before(text, _whole(request.GET["before"]))
    elif "after" in request.GET:
        shown = reading.page_after(text, _whole(request.GET["after"]))
    else:
        shown = reading.page_at(text, seconds(request.GET.get("at")))
    context = {"transcript": transcript, **_lines(request, transcript, shown, speakers)}
    return render(request, "recognition/lines.html", {"recording": recording, "data": context})


@require_safe
@page
def dropped(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Lines that were set aside: one voice heard through another's loudspeaker."""
    recording = find(request, recording_id)
    transcript = _needed(request, recording)
    names = selectors.names_of(recording)
    speakers = reading.speakers_in(reading.text_of(transcript), names)
    phrases = selectors.phrases_of(transcript, dropped=True)[:1000]
    rows = reading.rows_of([reading.line_of(phrase) for phrase in phrases], speakers)
    return render(request, "recognition/dropped.html", {"data": {"lines": list(rows)}})


@require_POST
@page
def rename(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """A speaker's label gets the name that people know; an empty name gives the label back."""
    recording = find(request, recording_id, Right.EDIT)
    services.rename_speaker(
        recording,
        label=request.POST.get("label", ""),
        name=request.POST.get("name", ""),
        by=request.user,
    )
    if not getattr(request, "htmx", False):
        return redirect("recording", recording_id)
    panel = transcript_panel(request, recording)
    can = {right.value: True for right in rights(request, recording)}
    context = {
        "recording": recording,
        "panel": panel,
        "can": can,
        "by_link": not request.user.is_authenticated,
    }
    return render(request, "recordings/panel.html", context)


def _lines(
    request: HttpRequest, transcript: Transcript, shown: Shown, speakers: dict[str, Any]
) -> dict[str, Any]:
    recording = transcript.recording
    newest = selectors.transcript_of(recording) == transcript
    return {
        "lines": list(reading.rows_of(shown.lines, speakers)),
        "before": shown.before,
        "after": shown.after,
        "editable": newest and Right.EDIT in rights(request, recording),
    }


def _chosen(request: HttpRequest, recording: Recording) -> Transcript | None:
    version = request.GET.get("version", "")
    wanted = int(version) if version.isdecimal() and len(version) < 9 else None
    return selectors.transcript_of(recording, version=wanted)


def _needed(request: HttpRequest, recording: Recording) -> Transcript:
    transcript = _chosen(request, recording)
    if transcript is None:
        raise NotFound(_("There is no transcript yet."))
    return transcript


def seconds(text: str | None) -> float:
    try:
        return max(float(text or 0), 0.0)
    except ValueError:
        return 0.0


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
