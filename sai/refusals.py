"""Refusals that no view makes: as JSON under /api/, as pages elsewhere. Handlers of `sai.urls`."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from recordings.pages import errors


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not _is_api(request):
        return errors.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return _refuse(413, "too_large", _("More was sent at once than is taken here."))
    return _refuse(400, "invalid", _("The request can't be read."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if not _is_api(request):
        return errors.forbidden(request, exception)
    return _refuse(403, "not_allowed", _("You may not do this."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if not _is_api(request):
        return errors.not_found(request, exception)
    return _refuse(404, "not_found", _("There is no such address."))


def broken(request: HttpRequest) -> HttpResponse:
    if not _is_api(request):
        return errors.broken(request)
    return _refuse(500, "broken", _("Something broke on our side. The error was written down."))


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _refuse(status: int, code: str, message: str) -> HttpResponse:
    return JsonResponse({"code": code, "message": message}, status=status)
