"""One recording: status, player, panels, runs."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.choices import Action
from common.errors import NotFound
from recordings import selectors
from recordings.choices import Right, TrackStatus
from recordings.models import Recording
from recordings.pages import wording
from recordings.pages.panel import panels_of
from recordings.pages.player import tracks_for_player
from recordings.pages.rows import rows_of
from recordings.pages.visitor import find, link_secret, page, rights
from recordings.services import journey
from recordings.wording import told

RUNS_SHOWN = 10
SPEEDS = ("0.5", "0.75", "1", "1.25", "1.5", "2", "3")


@require_safe
@page
def show(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    recording = find(request, recording_id)
    own = selectors.allowed(request.user, recording, Right.VIEW)
    secret = "" if own else link_secret(request, recording.pk)
    audit.record(audit.actor_of(request), Action.VIEW, "recording", recording.pk, request=request)
    context = {
        **status_context(request, recording),
        "panels": panels_of(request, recording),
        "tracks": tracks_for_player(recording, secret),
        "missing": recording.tracks.exclude(status=TrackStatus.STORED).filter(left_out=False),
        "editing": request.GET.get("edit") == "title",
        "pipelines": [(name, wording.PIPELINES.get(name, name)) for name in settings.PIPELINES],
        "languages": wording.LANGUAGES.items(),
        "engines": journey.engine_names(),
        "speeds": SPEEDS,
        "sharing": sharing_context(recording),
        "runs": runs_context(recording),
    }
    return render(request, "recordings/show.html", context)


@require_safe
@page
def status(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    """The status block alone, fetched again after each event."""
    recording = find(request, recording_id)
    return render(request, "recordings/status.html", status_context(request, recording))


@require_safe
@page
def panel(request: HttpRequest, recording_id: UUID, slug: str) -> HttpResponse:
    """One panel alone."""
    recording = find(request, recording_id)
    for one in panels_of(request, recording):
        if one.slug == slug:
            context = {**status_context(request, recording), "panel": one}
            return render(request, "recordings/panel.html", context)
    raise NotFound(_("There is nothing to show here yet."))


@require_safe
@page
def runs(request: HttpRequest, recording_id: UUID) -> HttpResponse:
    recording = find(request, recording_id)
    return render(
        request,
        "recordings/runs.html",
        {"recording": recording, "runs": runs_context(recording)},
    )


def status_context(request: HttpRequest, recording: Recording) -> dict[str, Any]:
    """What the status block needs: also after an action changed it."""
    run = selectors.live_run(recording)
    return {
        "recording": recording,
        "row": rows_of([recording])[0],
        "steps": steps_context(run) if run else [],
        "can": {right.value: True for right in rights(request, recording)},
        "by_link": not request.user.is_authenticated,
    }


def steps_context(run: Any) -> list[dict[str, Any]]:
    """One line per step of the pipeline, its tracks taken together."""
    lines: dict[int, dict[str, Any]] = {}
    for step in run.steps.select_related("track"):
        line = lines.setdefault(
            step.position, {"name": wording.step_name(step.step), "parts": [], "error": None}
        )
        line["parts"].append(step)
        line["error"] = line["error"] or told(step.error)
    for line in lines.values():
        parts = line["parts"]
        line["progress"] = sum(_progress(step) for step in parts) / len(parts)
        line["status"] = _together({step.status for step in parts})
    return [lines[position] for position in sorted(lines)]


def _progress(step: Any) -> float:
    return 100 if step.status in ("done", "skipped") else step.progress


def _together(statuses: set[str]) -> str:
    """The status of a step whose tracks are at different points."""
    for status in ("failed", "cancelled", "running"):
        if status in statuses:
            return status
    if statuses <= {"done", "skipped"}:
        return "done"
    return "running" if "done" in statuses else "pending"


def runs_context(recording: Recording) -> list[dict[str, Any]]:
    found = selectors.runs_of(recording)[:RUNS_SHOWN]
    return [
        {
            "run": run,
            "name": wording.PIPELINES.get(run.pipeline, run.pipeline),
            "steps": [
                {
                    "step": step,
                    "name": wording.step_name(step.step),
                    "error": told(step.error),
                }
                for step in run.steps.all()
            ],
        }
        for run in found
    ]


def sharing_context(recording: Recording) -> dict[str, Any]:
    return {
        "grants": selectors.access_to(recording),
        "rights": Right.choices,
        "days": [1, 7, 30, 365],
    }
