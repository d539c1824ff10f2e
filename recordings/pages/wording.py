"""What pages call steps, pipelines and languages."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

STEPS: dict[str, Text] = {
    "Prepare": _("Listening for speech"),
    "Transcribe": _("Recognising"),
    "Assemble": _("Putting the lines together"),
    "Summarise": _("Summarising"),
}
PIPELINES: dict[str, Text] = {
    "meeting": _("Meeting: words, speakers, summary"),
    "call": _("Call: words, speakers, summary"),
    "upload": _("Everything: words and summary"),
    "voice": _("Voice message: words"),
    "transcribe": _("Words only"),
    "convert": _("Sound only"),
    "report": _("Summary only"),
    "reassemble": _("Put together again: transcript and summary"),
}
LANGUAGES: dict[str, Text] = {"": _("Find out by itself"), "ru": _("Russian"), "en": _("English")}
"""Offered on the pages; the API takes every language that the engines know."""


def step_name(dotted: str) -> Text:
    """`recognition.steps.Prepare` -> what it does; an unknown step keeps its own name."""
    name = dotted.rpartition(".")[2]
    return STEPS.get(name, name)
