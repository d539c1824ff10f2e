"""How much of each limit is used: asked of whoever knows, by name (LICENCE_USAGE in wiring)."""

from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string


def used(limit: str) -> float:
    """0 where nobody counts it."""
    name: str | None = settings.LICENCE_USAGE.get(limit)
    if not name:
        return 0
    return cast("Callable[[], float]", import_string(name))()
