"""Prompts: every change is a new version, so that a summary always knows what was asked."""

from django.db import transaction
from django.db.models import Max

from analytics import templating
from analytics.models import Prompt


@transaction.atomic
def save_prompt(name: str, text: str) -> Prompt:
    """The version with this text: the current one if it says the same, else a new one.

    Raises Invalid for a template that can't be read or names an unknown variable.
    """
    templating.check(text)
    versions = Prompt.objects.select_for_update().filter(name=name)
    current = versions.filter(current=True).first()
    if current and current.text == text:
        return current
    versions.filter(current=True).update(current=False)
    last = versions.aggregate(last=Max("version"))["last"] or 0
    return Prompt.objects.create(name=name, text=text, version=last + 1)
