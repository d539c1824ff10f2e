"""Signing in with the account of a meeting server: the buttons, the way there, the way back."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from common.errors import Invalid
from conferences import signing_in, tokens
from recordings.pages import page


def doors() -> list[dict[str, Any]]:
    """A button of the sign-in page for each server; named in wiring.SIGN_IN_DOORS."""
    servers = tokens.sign_in_servers().exclude(client_id="").order_by("name")
    return [
        {
            "name": _("Sign in with %(server)s") % {"server": server.name},
            "url": reverse("server-sign-in", args=[server.pk]),
        }
        for server in servers
    ]


@never_cache
@require_GET
@page
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """To the server's own page. A link, not a form: our policy lets no form lead elsewhere."""
    server = signing_in.server(pk)
    return redirect(signing_in.begin(request, server, next_url=request.GET.get("next", "")))


@never_cache
@require_GET
@page
def callback(request: HttpRequest, pk: int) -> HttpResponse:
    """Back from there, perhaps twice."""
    server = signing_in.server(pk)
    if problem := request.GET.get("error", ""):
        raise Invalid(
            _("The server %(host)s did not let you in: %(problem)s.")
            % {"host": server.host, "problem": problem[:100]},
            next_action=_("Open the sign-in page and begin again. Cookies must be allowed."),
        )
    code = request.GET.get("code", "")
    if not 0 < len(code) <= 2000:
        raise Invalid(_("The server sent you back without a code."), code="no_code")
    after = signing_in.complete(request, server, code=code, state=request.GET.get("state", ""))
    return redirect(after or reverse("server-sign-in-confirm", args=[pk]))


@never_cache
@require_http_methods(["GET", "POST"])
@page
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the server lost what ties its answer to this browser, the visitor says who he is."""
    server = signing_in.server(pk)
    if request.method == "POST":
        return redirect(signing_in.confirm(request, server))
    identity = signing_in.waiting(request, server)
    if identity is None:
        return redirect("login")
    context = {"server": server, "person": identity}
    return render(request, "conferences/sign_in/confirm.html", context)
