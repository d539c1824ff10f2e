"""The Content-Security-Policy header, with its own directives for some beginnings of addresses.

django-csp can exempt an address or decorate a view; the admin is neither ours to decorate nor to be
left without a policy.
"""

from typing import Any

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest


class ContentPolicyMiddleware(CSPMiddleware):
    def get_policy_parts(
        self, request: HttpRequest, response: Any, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if parts.replace is None and not report_only:
            parts.replace = _directives_for(request.path_info)
        return parts


def _directives_for(path: str) -> dict[str, Any] | None:
    by_prefix: dict[str, dict[str, Any]] = settings.CONTENT_SECURITY_POLICY_BY_PREFIX
    return next((own for prefix, own in by_prefix.items() if path.startswith(prefix)), None)
