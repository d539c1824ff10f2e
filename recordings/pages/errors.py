"""Refusals as pages: whole ones for a browser, notices for HTMX. Handlers of `sai.urls`."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from common.errors import NotSignedIn, SaiError


def answer(request: HttpRequest, error: SaiError) -> HttpResponse:
    """The page of an error that was raised on purpose."""
    if isinstance(error, NotSignedIn):
        return _to_sign_in(request)
    return show(request, error.status, str(error.message), str(error.next_action))


def show(
    request: HttpRequest, status: int, message: str = "", next_action: str = ""
) -> HttpResponse:
    """A whole page, or for HTMX a notice that goes where notices are read out."""
    heading, usual, usual_next = _words(status)
    context = {
        "status": status,
        "heading": heading,
        "message": message or usual,
        "next_action": next_action or ("" if message else usual_next),
    }
    if getattr(request, "htmx", False):
        response = render(request, "errors/notice.html", context, status=status)
        response["HX-Retarget"] = "#notices"
        response["HX-Reswap"] = "innerHTML show:window:top"
        return response
    return render(request, "errors/page.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return show(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return show(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return show(request, 404)


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Named in settings.CSRF_FAILURE_VIEW."""
    return show(
        request,
        403,
        _("This form was open for too long, or it came from another site. Nothing was changed."),
        _("Go back, reload the page and send the form again. Cookies must be allowed."),
    )


def broken(request: HttpRequest) -> HttpResponse:
    """Asks neither the database nor the session: they may be what is broken."""
    heading, message, next_action = _words(500)
    context: dict[str, Any] = {
        "status": 500,
        "heading": heading,
        "message": message,
        "next_action": next_action,
        "plain": True,
        "theme": request.COOKIES.get("theme", "auto"),
    }
    return HttpResponse(render_to_string("errors/page.html", context), status=500)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    here = request.get_full_path() if request.method == "GET" else "/"
    if getattr(request, "htmx", False):
        here = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]  # by HtmxMiddleware
        return HttpResponseClientRedirect(_sign_in_url(here))
    return HttpResponseRedirect(_sign_in_url(here))


def _sign_in_url(here: str) -> str:
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': here})}"


def _words(status: int) -> tuple[str, str, str]:
    """Heading, message and next action of a status."""
    known = {
        400: (
            _("This can't be read"),
            _("The browser sent something that this page does not understand."),
            _("Go back, reload the page and try again."),
        ),
        403: (
            _("This is not allowed"),
            _("You have no right to do this."),
            _("Ask the owner of the recording or an administrator for access."),
        ),
        404: (
            _("There is nothing here"),
            _("The address is wrong, it was deleted, or it was not shared with you."),
            _("Look for it in the list of recordings."),
        ),
        409: (_("Not now"), _("It is in a state in which this can't be done."), ""),
        413: (
            _("Too large"),
            _("More was sent at once than is taken here."),
            _("Send less: fewer files at a time, or a shorter recording."),
        ),
        415: (_("Not sound that we can read"), _("The file is not in a known format."), ""),
        429: (_("Too many requests"), _("Wait a little and try again."), ""),
        500: (
            _("Something broke on our side"),
            _("The error was written down. Nothing that was saved is lost."),
            _("Try again in a minute. If it happens again, tell your administrator."),
        ),
        503: (_("Not there now"), _("A part of the system is not there now."), ""),
        507: (_("No room"), _("The disk is full. Nothing was lost."), ""),
    }
    return known.get(status, (_("This did not work"), _("The request was refused."), ""))
