"""The summary on a recording's page: items, what they rest on, and asking for another one."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics import selectors, services
from analytics.models import Prompt, Summary
from recognition import selectors as recognition
from recognition.models import Phrase
from recordings.choices import Right
from recordings.models import Recording
from recordings.pages import Panel, find, page, rights
from recordings.wording import told

PROMPT_LIMIT = 20_000
VERSIONS = 10


def summary_panel(request: HttpRequest, recording: Recording) -> Panel | None:
    """Named in wiring."""
    summaries = list(selectors.summaries_of(recording).select_related("prompt")[:VERSIONS])
    shown = _chosen(request, summaries)
    context: dict[str, Any] = {
        "summary": shown,
        "error": told(shown.error) if shown else None,
        "others": [one for one in summaries if shown and one.pk != shown.pk],
        "pending": any(one.status == Summary.Status.PENDING for one in summaries),
        "items": _items(shown) if shown else [],
        "stale": bool(shown and selectors.stale_of(recording.pk, [shown])),
        "percent": round(100 * shown.coverage) if shown else 0,
        "prompts": Prompt.objects.filter(current=True).order_by("name"),
        "can_ask": recording.transcripts.exists(),
    }
    return Panel(
        slug="summary",
        title=_("Summary"),
        template="analytics/summary.html",
        context=context,
        place="aside",
        live_on=("summary.ready", "summary.failed", "transcript.ready", "transcript.changed"),
    )


@require_POST
@page
def ask(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """Another summary, by a kept prompt or by one's own words."""
    recording = find(request, recording_id, Right.RUN)
    services.request_summary(
        recording,
        prompt=request.POST.get("prompt", ""),
        prompt_text=request.POST.get("prompt_text", "").strip()[:PROMPT_LIMIT],
        by=request.user,
    )
    if not getattr(request, "htmx", False):
        return redirect("recording", recording_id)
    can = {right.value: True for right in rights(request, recording)}
    context = {"recording": recording, "panel": summary_panel(request, recording), "can": can}
    return render(request, "recordings/panel.html", context)


def _chosen(request: HttpRequest, summaries: list[Summary]) -> Summary | None:
    """The one asked for, else the newest that is ready, else the newest."""
    wanted = request.GET.get("summary", "")
    for one in summaries:
        if str(one.pk) == wanted:
            return one
    ready = [one for one in summaries if one.status == Summary.Status.READY]
    return next(iter(ready or summaries), None)


def _items(summary: Summary) -> list[dict[str, Any]]:
    """Items with the lines they cite, `(id, start)`; a cited line that does not exist is left
    out."""
    items = list(summary.items.all())
    starts = _starts(summary, {key for item in items for key in item.evidence})
    return [
        {"item": item, "lines": [(key, starts[key]) for key in item.evidence if key in starts]}
        for item in items
    ]


def _starts(summary: Summary, wanted: set[int]) -> dict[int, float]:
    """When the lines begin: phrases, and halves of lines that were split."""
    cited = Phrase.objects.filter(pk__in=wanted, transcript__recording=summary.recording_id)
    starts = dict(cited.values_list("pk", "start"))
    if summary.transcript and wanted - set(starts):
        laid = recognition.lines_of(summary.transcript)
        starts |= {line.id: line.start for line in laid.lines if line.id in wanted}
    return starts
