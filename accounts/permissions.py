"""Who may call a REST view.

A view may narrow or widen what `Allowed` asks:

* `scopes = {"POST": Scope.READ}`: the scope a method needs, where it is not the usual one
  (GET, HEAD, OPTIONS: read; everything else: write);
* `engines = True`: engine tokens may pass; then the view asks `request.auth` itself.
"""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.choices import Role, Scope
from accounts.principal import Principal
from common.errors import NotAllowed


class Allowed(BasePermission):
    """Signed in, and the token's scope covers the method. A session has the user's own rights."""

    def has_permission(self, request: Request, view: Any) -> bool:
        principal = request.auth if isinstance(request.auth, Principal) else None
        if principal is not None and principal.is_engine:
            return self._engine(view)
        if not request.user.is_authenticated:
            return False  # 401 by the exception handler
        return self._covered(principal, needed_scope(request, view))

    def _engine(self, view: Any) -> bool:
        if getattr(view, "engines", False):
            return True
        raise NotAllowed(_("An engine token opens only the engine gateway."), code="engine_token")

    def _covered(self, principal: Principal | None, scope: str) -> bool:
        if principal is None or principal.covers(scope):
            return True
        raise NotAllowed(
            _("The token's scopes don't reach this far: it needs “%(scope)s”.") % {"scope": scope},
            code="scope",
            details={"needs": scope, "has": sorted(principal.scopes)},
        )


def needed_scope(request: Request, view: Any) -> str:
    """The scope this method of this view needs."""
    method = request.method or "GET"
    chosen = getattr(view, "scopes", {}).get(method)
    return chosen or (Scope.READ if method in SAFE_METHODS else Scope.WRITE)


class Member(Allowed):
    """Not a guest: guests see and change only what was shared with them."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if getattr(request.user, "role", None) == Role.GUEST:
            raise NotAllowed(_("Guests may not do this."), code="guest")
        return True


class Administrator(Allowed):
    """An administrator, and a token (if any) that may administer."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if getattr(request.user, "role", None) != Role.ADMIN:
            raise NotAllowed(_("Only an administrator may do this."), code="administrators_only")
        principal = request.auth if isinstance(request.auth, Principal) else None
        return self._covered(principal, Scope.ADMIN)
