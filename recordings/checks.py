"""Refuse to start when wiring names something that does not exist."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

SINGLE = (
    "REALM_NAMES",
    "TEXT_SEARCH",
    "TITLE_INDEX",
    "SUMMARY_SOURCE",
    "SUMMARY_LIST",
    "ERROR_WORDS",
)
LISTS = (
    "TOKEN_RESOLVERS",
    "SIGN_IN_DOORS",
    "TIDYING",
    "RECORDING_PANELS",
    "PROCESS_GUARDS",
    "SOUND_MADE",
    "WORDS_MADE",
)
TABLES = (
    "EVENT_AUDIENCES",
    "NOTICE_CHANNELS",
    "NOTICE_SUBJECTS",
    "LICENCE_USAGE",
    "APPLY_SECTIONS",
    "QUEUE_LOOKS",
)


def _named() -> Iterator[tuple[str, str]]:
    """(place in the wiring, dotted name)."""
    for pipeline, names in settings.PIPELINES.items():
        yield from ((f"PIPELINES[{pipeline!r}]", name) for name in names)
    for setting in LISTS:
        yield from ((setting, name) for name in getattr(settings, setting))
    for setting in TABLES:
        yield from (
            (f"{setting}[{key!r}]", name) for key, name in getattr(settings, setting, {}).items()
        )
    yield from ((setting, getattr(settings, setting)) for setting in SINGLE)


@register()
def wiring_names_what_exists(app_configs: object, **_: object) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    for place, name in _named():
        try:
            import_string(name)
        except ImportError as error:
            errors.append(
                Error(f"{place}: {error}", hint="Mend it in sai/settings/wiring.py.", id="sai.E001")
            )
    return errors
