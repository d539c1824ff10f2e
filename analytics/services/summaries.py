"""Asking for a summary."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from analytics import templating
from analytics.models import Prompt, Summary
from common.errors import Conflict, Invalid
from recognition import selectors as recognition
from recordings import services as recordings
from recordings.models import Recording


@transaction.atomic
def request_summary(
    recording: Recording, *, prompt: str = "", prompt_text: str = "", by: Any = None
) -> Summary:
    """A pending summary and the run that will make it. `prompt` names a template; `prompt_text`
    is one of the caller's own. Conflict when there is no transcript yet or a run is under way."""
    if recognition.transcript_of(recording) is None:
        raise Conflict(
            _("There is no transcript to summarise yet."),
            code="no_transcript",
            next_action=_("Process the recording first."),
        )
    template = _template(prompt) if prompt else None
    if prompt_text:
        templating.check(prompt_text)
    run = recordings.process(recording, pipeline="report", by=by)
    return Summary.objects.create(
        recording=recording, run=run, prompt=template, prompt_text=prompt_text
    )


def _template(name: str) -> Prompt:
    found = Prompt.objects.filter(name=name, current=True).first()
    if found is None:
        known = sorted(Prompt.objects.filter(current=True).values_list("name", flat=True))
        raise Invalid(
            _("There is no prompt of that name."),
            code="unknown_prompt",
            next_action=_("Use one of: %(known)s.") % {"known": ", ".join(known) or "-"},
        )
    return found
