"""Which steps engines can do: those of the pipelines in wiring that name a kind."""

from collections.abc import Iterable

from django.conf import settings

from recognition.conf import conf
from recordings.pipeline.remote import Wanted
from recordings.pipeline.step import Step, load

SPOKEN = "transcribe"
"""The kind for which an engine has to know the language."""


def remote_steps() -> dict[str, type[Step]]:
    """Dotted name -> class, of every step that has a kind."""
    names = dict.fromkeys(name for steps in settings.PIPELINES.values() for name in steps)
    loaded = {name: load(name) for name in names}
    return {name: step for name, step in loaded.items() if step.kind}


def wanted(
    capabilities: Iterable[str], languages: Iterable[str], unwanted: Iterable[int] = ()
) -> Wanted:
    """What an engine of these capabilities may claim."""
    able = set(capabilities)
    steps = {name: step for name, step in remote_steps().items() if step.kind in able}
    return Wanted(
        queues=sorted({step.queue.value for step in steps.values()}),
        steps=sorted(steps),
        spoken=sorted(name for name, step in steps.items() if step.kind == SPOKEN),
        languages=sorted({one.lower().partition("-")[0] for one in languages if one}),
        language=conf().language,
        unwanted=sorted(unwanted),
    )
