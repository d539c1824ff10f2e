"""Sound that engines made, on a recording's page."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from recognition.gateway import standing
from recordings.models import Recording
from recordings.pages import Panel
from recordings.pages.visitor import link_secret


def made_panel(request: HttpRequest, recording: Recording) -> Panel | None:
    """Named in wiring; nothing where no engine made any."""
    made = standing.made_of(recording)
    if not made:
        return None
    secret = link_secret(request, recording.pk)
    link = f"?{urlencode({'link': secret})}" if secret else ""
    rows = [
        {
            "url": reverse("recording-made-file", args=[recording.pk, one.pk]) + link,
            "name": str(one.track or one.name),
            "format": one.format,
            "size": one.file.size,
        }
        for one in made
    ]
    return Panel(
        slug="made",
        title=_("Sound made by engines"),
        template="recognition/made.html",
        context={"rows": rows},
        place="aside",
        live_on=("run.status",),
    )
