"""What an app adds to a recording's page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from recordings.models import Recording


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of the page, drawn by its own template."""

    slug: str
    title: str
    template: str
    """Drawn with the request's context, `recording` and `data`, the context."""
    context: Mapping[str, Any] = field(default_factory=dict)
    place: Literal["player", "main", "aside"] = "main"
    live_on: tuple[str, ...] = ()
    """Types of events of this recording after which the panel is fetched again."""


MakePanel = Callable[[HttpRequest, Recording], Panel | None]


def panels_of(request: HttpRequest, recording: Recording) -> list[Panel]:
    """Every panel that has something to show to this visitor, in the order of wiring."""
    makers: list[MakePanel] = [import_string(name) for name in settings.RECORDING_PANELS]
    return [panel for make in makers if (panel := make(request, recording)) is not None]
