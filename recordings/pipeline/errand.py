"""What an engine outside is told so that it can do a step for us."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recordings.models import Track


@dataclass(frozen=True)
class Errand:
    """Of the kind that its step names: sound of `tracks`, or a `prompt` about a `text`."""

    tracks: tuple[Track, ...] = ()
    prompt: str = ""
    text: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
