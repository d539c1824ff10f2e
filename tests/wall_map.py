"""What every address of the project is to those outside: each new one is named here."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

OPEN = "shows nothing of anybody, signed in or not"
OWN = "shows a person what he may see; nobody else gets in"
OF_A_RECORDING = "belongs to one recording: refused"
ADMINISTRATION = "for administrators: refused"

WALL = {
    "healthz": OPEN,
    "readyz": OPEN,
    "metrics": OPEN,
    "login/": OPEN,
    "logout/": OPEN,
    "admin/login/": OPEN,
    "admin/logout/": OPEN,
    "i18n/": OPEN,
    "theme/": OPEN,
    "api/schema/": OPEN,
    "sign-in/<int:pk>/": OPEN,
    "sign-in/<int:pk>/callback/": OPEN,
    "sign-in/<int:pk>/confirm/": OPEN,
    ".well-known/sai.json": OPEN,
    "api/user/v1/": OPEN,
    "api/user/v1/auth/from-tcs": OPEN,
    "api/user/v1/auth/refresh": OPEN,
    "api/user/v1/^.*$": OPEN,
    "api/docs/": OPEN,
    "api/v1/auth/login/": OPEN,
    "api/v1/auth/refresh/": OPEN,
    "api/v1/auth/logout/": OPEN,
    "": OWN,
    "rows/": OWN,
    "upload/": OWN,
    "password/": OWN,
    "admin/password_change/": OWN,
    "profile/": OWN,
    "profile/tokens/": OWN,
    "profile/tokens/<int:pk>/revoke/": OWN,
    "api/v1/auth/password/": OWN,
    "api/v1/me/": OWN,
    "api/v1/tokens/": OWN,
    "api/v1/tokens/<int:pk>/": OWN,
    "api/v1/events/": OWN,
    "api/v1/events/stream": OWN,
    "notices/": OWN,
    "notices/count/": OWN,
    "profile/notices/": OWN,
    "api/v1/notices/": OWN,
    "api/v1/notices/read/": OWN,
    "api/v1/notices/deliveries/": ADMINISTRATION,
    "api/v1/notices/deliveries/retry/": ADMINISTRATION,
    "api/v1/me/notices/": OWN,
    "api/v1/search/": OWN,
    "api/v1/recordings/": OWN,
    "api/user/v1/transcriptions": OWN,
    "l/<str:secret>/": OF_A_RECORDING,
    "engines/files/<str:permission>/<str:name>": OF_A_RECORDING,
    "api/v1/tokens/revoke/": ADMINISTRATION,
    "api/v1/users/": ADMINISTRATION,
    "api/v1/users/<int:pk>/": ADMINISTRATION,
    "api/v1/groups/": ADMINISTRATION,
    "api/v1/groups/<int:pk>/": ADMINISTRATION,
    "api/v1/licence/": ADMINISTRATION,
    "api/v1/connections/": ADMINISTRATION,
    "api/v1/connections/downloads/": ADMINISTRATION,
    "api/v1/connections/<int:pk>/": ADMINISTRATION,
    "api/v1/connections/<int:pk>/check/": ADMINISTRATION,
    "api/v1/connections/<int:pk>/poll/": ADMINISTRATION,
    "api/v1/connections/<int:pk>/health/": ADMINISTRATION,
    "api/v1/conferences/": OWN,
    "api/v1/conferences/<int:pk>/": OWN,
    "api/v1/conferences/<int:pk>/consent/": OWN,
    "api/v1/conferences/<int:pk>/roles/": OWN,
    "api/v1/conferences/<int:pk>/retry/": ADMINISTRATION,
    "trash/": OWN,
    "trash/<uuid:recording_id>/restore/": OF_A_RECORDING,
    "trash/<uuid:recording_id>/delete/": OF_A_RECORDING,
    "api/v1/trash/": OWN,
    "api/v1/trash/<str:id>/": OF_A_RECORDING,
    "api/v1/retention/": ADMINISTRATION,
    "api/v1/retention/preview/": ADMINISTRATION,
    "api/v1/retention/<int:pk>/": ADMINISTRATION,
    "api/v1/audit/": ADMINISTRATION,
    "api/v1/engines/": ADMINISTRATION,
    "api/v1/engines/<int:pk>/drain/": ADMINISTRATION,
    "api/v1/engines/<int:pk>/disconnect/": ADMINISTRATION,
    "api/v1/audit/export/": ADMINISTRATION,
}
PREFIXES = {
    "recordings/<uuid:recording_id>/": OF_A_RECORDING,
    "api/v1/recordings/<str:id>/": OF_A_RECORDING,
    "api/user/v1/transcriptions/<str:number>": OF_A_RECORDING,
    "api/v1/webhooks/": ADMINISTRATION,
    "admin/": ADMINISTRATION,
}
"""Whatever begins so is held to the strictest promise without being named."""


def routes(resolver: Any = None, before: str = "") -> Iterator[str]:
    """Every address of the project as it is written in its urls."""
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLResolver):
            yield from routes(one, before + str(one.pattern))
        else:
            assert isinstance(one, URLPattern)
            yield before + str(one.pattern)


ROUTES = sorted(set(routes()))


def kind_of(route: str) -> str | None:
    if route in WALL:
        return WALL[route]
    return next((kind for start, kind in PREFIXES.items() if route.startswith(start)), None)
