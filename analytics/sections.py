"""`apply`: prompts."""

from pydantic import Field

from analytics import services
from analytics.models import Prompt
from common.sections import Applied, Entry, Section


class PromptEntry(Entry):
    """A changed text makes a new version."""

    name: str = Field(min_length=1, max_length=100)
    text: str = Field(min_length=1, max_length=20_000)


def declare_prompt(entry: PromptEntry) -> Applied:
    before = Prompt.objects.filter(name=entry.name, current=True).values_list("pk", flat=True)
    known = before.first()
    prompt = services.save_prompt(entry.name, entry.text)
    return Applied(name=entry.name, id=prompt.pk, created=prompt.pk != known)


prompts = Section(PromptEntry, declare_prompt)
