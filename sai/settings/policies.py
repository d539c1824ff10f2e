"""Content security policies: one for our pages, and what admin and API pages need beyond it."""

from typing import Any

_SELF = "'self'"

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [_SELF],
        "script-src": [_SELF],
        "style-src": [_SELF],
        "img-src": [_SELF, "data:"],
        "media-src": [_SELF, "blob:"],
        "connect-src": [_SELF],
        "object-src": ["'none'"],
        "base-uri": [_SELF],
        "form-action": [_SELF],
        "frame-ancestors": ["'none'"],
    }
}
CONTENT_SECURITY_POLICY_BY_PREFIX: dict[str, dict[str, list[str]]] = {
    # Unfold runs Alpine, which evaluates expressions, and sets styles on elements.
    "/admin/": {
        "script-src": [_SELF, "'unsafe-eval'"],
        "style-src": [_SELF, "'unsafe-inline'"],
    },
    # Swagger's page carries a style element.
    "/api/docs/": {"style-src": [_SELF, "'unsafe-inline'"]},
}
"""Beginning of an address -> directives that stand there instead of the usual ones."""
