"""What notices are about, told by upper floors: `NOTICE_SUBJECTS` and `ERROR_WORDS` in wiring."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.utils.module_loading import import_string


class Subject(NamedTuple):
    """An object as a notice may show it. Never a word of what was said in it."""

    title: str
    path: str
    """Of its page, beginning with /."""
    kind: str = ""
    status: str = ""
    error: Mapping[str, Any] | None = None
    """Why it failed, as `common.errors.as_stored` keeps it."""
    of: tuple[str, str] | None = None
    """(type, id) of what a notice is about, where that is another object: an access is of a
    recording."""


Describe = Callable[[Iterable[str]], dict[str, Subject]]
Named = tuple[str, str]
"""(type, id) of an object."""


def describe(objects: Iterable[Named]) -> dict[Named, Subject]:
    """Those that exist, as they are now."""
    by_type: dict[str, list[str]] = defaultdict(list)
    for kind, key in set(objects):
        by_type[kind].append(key)
    found: dict[Named, Subject] = {}
    for kind, keys in by_type.items():
        if name := settings.NOTICE_SUBJECTS.get(kind):
            ask = cast("Describe", import_string(name))
            found |= {(kind, key): subject for key, subject in ask(keys).items()}
    return found


def told(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A stored error in the language that is active: `{"code", "message", "next_action", ...}`."""
    tell = cast("Callable[[Mapping[str, Any] | None], Any]", import_string(settings.ERROR_WORDS))
    return cast("dict[str, Any] | None", tell(error))
