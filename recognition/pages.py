"""The transcript on a recording's page: lines, speakers and the timeline over the player."""

from collections.abc import Iterable
from math import ceil
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from common.errors import NotFound
from recognition import selectors, services
from recognition.exports.registry import FORMATS
from recognition.models import Phrase, Transcript
from recordings.choices import Right
from recordings.models import Recording
from recordings.pages import Panel, find, page, rights

PAGE = 150
COLOURS = 8
BINS = 400
"""Places of the timeline."""


def transcript_panel(request: HttpRequest, recording: Recording) -> Panel | None:
    """Named in wiring."""
    transcript = _chosen(request, recording)
    context: dict[str, Any] = {"transcript": transcript}
    if transcript:
        speakers = _speakers(recording, transcript)
        phrases = selectors.phrases_of(transcript)
        context |= {
            "versions": recording.transcripts.order_by("-version").values_list(
                "version", flat=True
            ),
            "exports": FORMATS,
            "speakers": speakers.values(),
            "timeline": _timeline(transcript, speakers, recording.duration),
            "dropped": selectors.phrases_of(transcript, dropped=True).exists(),
            **_page_at(phrases, speakers, _seconds(request.GET.get("at"))),
        }
    return Panel(
        slug="transcript",
        title=_("Transcript"),
        template="recognition/transcript.html",
        context=context,
        live_on=("transcript.ready", "transcript.changed"),
    )


@require_safe
@page
def lines(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """More lines: `after` or `before` a position, or around the second `at`."""
    recording = find(request, recording_id)
    transcript = _chosen(request, recording)
    if transcript is None:
        raise NotFound(_("There is no transcript yet."))
    speakers = _speakers(recording, transcript)
    phrases = selectors.phrases_of(transcript)
    if "before" in request.GET:
        context = _page_before(phrases, speakers, _whole(request.GET["before"]))
    elif "after" in request.GET:
        context = _page_after(phrases, speakers, _whole(request.GET["after"]))
    else:
        context = _page_at(phrases, speakers, _seconds(request.GET.get("at")))
    context |= {"transcript": transcript}
    return render(request, "recognition/lines.html", {"recording": recording, "data": context})


@require_safe
@page
def dropped(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Lines that were set aside: one voice heard through another's loudspeaker."""
    recording = find(request, recording_id)
    transcript = _chosen(request, recording)
    if transcript is None:
        raise NotFound(_("There is no transcript yet."))
    speakers = _speakers(recording, transcript)
    phrases = selectors.phrases_of(transcript, dropped=True)[:1000]
    context = {"lines": _lines(phrases, speakers)}
    return render(request, "recognition/dropped.html", {"data": context})


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
    context = {"recording": recording, "panel": panel, "can": can}
    return render(request, "recordings/panel.html", context)


def _chosen(request: HttpRequest, recording: Recording) -> Transcript | None:
    version = request.GET.get("version", "")
    wanted = int(version) if version.isdecimal() and len(version) < 9 else None
    return selectors.transcript_of(recording, version=wanted)


def _speakers(recording: Recording, transcript: Transcript) -> dict[str, dict[str, Any]]:
    """Label -> how it is shown. Colours go by the order in which people first speak."""
    names = selectors.names_of(recording)
    labels = dict.fromkeys(transcript.phrases.values_list("speaker", flat=True))
    return {
        label: {"label": label, "name": names.get(label) or label, "colour": number % COLOURS}
        for number, label in enumerate(labels)
    }


def _page_at(phrases: Any, speakers: Any, at: float) -> dict[str, Any]:
    """The page on which the second `at` is heard."""
    found = phrases.filter(end__gte=at).values_list("position", flat=True).first() if at else 0
    if found is None:
        found = phrases.values_list("position", flat=True).last() or 0
    return _page_after(phrases, speakers, found - 1 - (10 if at else 0))


def _page_after(phrases: Any, speakers: Any, after: int) -> dict[str, Any]:
    found = list(phrases.filter(position__gt=after)[: PAGE + 1])
    before = found[0].position if found else 0
    earlier = phrases.filter(position__lt=before).exists() if found else False
    later = found[PAGE - 1].position if len(found) > PAGE else None
    return {
        "lines": _lines(found[:PAGE], speakers),
        "before": before if earlier else None,
        "after": later,
    }


def _page_before(phrases: Any, speakers: Any, before: int) -> dict[str, Any]:
    found = list(phrases.filter(position__lt=before).order_by("-position")[: PAGE + 1])
    earlier = found[PAGE - 1].position if len(found) > PAGE else None
    return {"lines": _lines(found[:PAGE][::-1], speakers), "before": earlier, "after": None}


def _lines(phrases: Iterable[Phrase], speakers: Any) -> list[dict[str, Any]]:
    """Lines as the template needs them: `turn` where another person begins to speak."""
    lines = []
    last = None
    for phrase in phrases:
        lines.append(
            {
                "phrase": phrase,
                "speaker": speakers.get(phrase.speaker),
                "turn": phrase.speaker != last,
                "words": phrase.words,
            }
        )
        last = phrase.speaker
    return lines


def _timeline(transcript: Transcript, speakers: Any, duration: float) -> list[dict[str, Any]]:
    """One row per speaker: bars as (x, width, level) of a line with `BINS` places.

    The level, 1 to 4, says how much of that place the speaker talks: however long the recording
    is, the line stays readable and small.
    """
    spoken = list(selectors.phrases_of(transcript).values_list("speaker", "start", "end"))
    whole = max(duration, max((end for _speaker, _start, end in spoken), default=0.0)) or 1.0
    talk = {label: [0.0] * BINS for label in speakers}
    for speaker, start, end in spoken:
        _fill(talk[speaker], BINS * start / whole, BINS * end / whole)
    return [{**speakers[label], "bars": _bars(share)} for label, share in talk.items()]


def _fill(share: list[float], start: float, end: float) -> None:
    """Add the stretch from `start` to `end`, in places, to the places that it covers."""
    for place in range(max(int(start), 0), min(int(end) + 1, BINS)):
        share[place] += max(min(end, place + 1) - max(start, place), 0)


def _bars(share: list[float]) -> list[tuple[int, int, int]]:
    """Neighbours of one level become one bar; silence becomes none."""
    bars: list[tuple[int, int, int]] = []
    for place, part in enumerate(share):
        level = min(ceil(4 * part), 4) if part > 0.02 else 0
        if not level:
            continue
        if bars and bars[-1][0] + bars[-1][1] == place and bars[-1][2] == level:
            bars[-1] = (bars[-1][0], bars[-1][1] + 1, level)
        else:
            bars.append((place, 1, level))
    return bars


def _seconds(text: str | None) -> float:
    try:
        return max(float(text or 0), 0.0)
    except ValueError:
        return 0.0


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
