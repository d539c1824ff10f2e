"""Refuse to start when wiring names something that does not exist."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string


def _named() -> Iterator[tuple[str, str]]:
    for pipeline, names in settings.PIPELINES.items():
        for name in names:
            yield f"PIPELINES[{pipeline!r}]", name
    for topic, name in settings.EVENT_AUDIENCES.items():
        yield f"EVENT_AUDIENCES[{topic!r}]", name
    for setting in ("TOKEN_RESOLVERS", "RECORDING_PANELS"):
        for name in getattr(settings, setting):
            yield setting, name
    for setting in ("NOTICE_CHANNELS", "NOTICE_SUBJECTS"):
        for key, name in getattr(settings, setting).items():
            yield f"{setting}[{key!r}]", name
    for setting in ("TEXT_SEARCH", "TITLE_INDEX", "SUMMARY_SOURCE", "ERROR_WORDS"):
        yield setting, getattr(settings, setting)
    for limit, name in settings.LICENCE_USAGE.items():
        yield f"LICENCE_USAGE[{limit!r}]", name
    for queue, name in settings.QUEUE_LOOKS.items():
        yield f"QUEUE_LOOKS[{queue!r}]", name
    for section, name in settings.APPLY_SECTIONS.items():
        yield f"APPLY_SECTIONS[{section!r}]", name


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
