"""Files for engines that don't share our disk: `/engines/files/<permission>/<name>`.

No session and no token: the address itself is the permission (`recognition.gateway.signing`), and
it is good only while its attempt holds the step. Not a part of the REST API.
"""

from collections.abc import Callable
from functools import wraps

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.http.request import UnreadablePostError
from django.http.response import StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from common.errors import Invalid, NotAllowed, SaiError, TooLarge, describe
from recognition.gateway import outputs, signing
from recognition.gateway.results import BadResult
from recognition.gateway.settling import OPEN
from recognition.gateway.signing import Permission
from recognition.models import EngineRequest
from recordings.api import ranges
from recordings.api.audio import AsyncChunks, Chunks
from recordings.choices import StepStatus
from recordings.conf import conf
from recordings.models import StoredFile
from recordings.storage import files
from recordings.storage.choose import get_storage
from recordings.storage.files import Incoming

CHUNK = 1 << 18
View = Callable[..., HttpResponseBase]


def told(view: View) -> View:
    """Errors as JSON; nothing is kept by anybody on the way."""

    @wraps(view)
    def answering(request: HttpRequest, permission: str, name: str) -> HttpResponseBase:
        try:
            answer = view(request, permission, name)
        except SaiError as error:
            answer = JsonResponse(describe(error), status=error.status)
        answer["Cache-Control"] = "no-store"
        answer["X-Content-Type-Options"] = "nosniff"
        return answer

    return answering


@csrf_exempt
@require_http_methods(["GET", "HEAD", "PUT"])
@told
def engine_file(request: HttpRequest, permission: str, name: str) -> HttpResponseBase:
    """Down with GET and Range, up with PUT."""
    found = signing.read(permission)
    asked = _request_of(found) if found else None
    if found is None or asked is None:
        raise NotAllowed(_("This address is no longer good."), code="address_refused")
    if request.method == "PUT":
        return _receive(request, found, asked, name)
    return _send(request, found)


def _request_of(permission: Permission) -> EngineRequest | None:
    """What the engine was asked, while its attempt holds the step."""
    asked = EngineRequest.objects.select_related("step").filter(
        step=permission.step,
        attempt=permission.attempt,
        outcome__in=OPEN,
        step__attempt=permission.attempt,
        step__status=StepStatus.RUNNING,
    )
    return asked.first()


def _send(request: HttpRequest, permission: Permission) -> HttpResponseBase:
    file = StoredFile.objects.filter(pk=permission.file).first() if permission.file else None
    if file is None:
        raise NotAllowed(_("This address is no longer good."), code="address_refused")
    part = ranges.parse(request.META.get("HTTP_RANGE", ""), file.size)
    if part is None:
        answer = HttpResponse(status=416)
        answer["Content-Range"] = f"bytes */{file.size}"
        return answer
    streamed: HttpResponseBase
    if request.method == "HEAD":
        streamed = HttpResponse(content_type=file.content_type)
    else:
        opened = files.open_range(file, part.start, part.stop)
        chunks = AsyncChunks(opened) if isinstance(request, ASGIRequest) else Chunks(opened)
        streamed = StreamingHttpResponse(chunks, content_type=file.content_type)
    if not part.whole:
        streamed.status_code = 206
        streamed["Content-Range"] = part.header
    streamed["Accept-Ranges"] = "bytes"
    streamed["Content-Length"] = str(part.length)
    return streamed


def _receive(
    request: HttpRequest, permission: Permission, asked: EngineRequest, name: str
) -> HttpResponse:
    if permission.file is not None:
        raise NotAllowed(_("This address is for reading."), code="address_refused")
    if not outputs.NAME.fullmatch(name):
        raise Invalid(_("A sound's name is plain and ends in .mp3 or .wav."), code="bad_name")
    incoming = _read(request)
    try:
        outputs.receive(asked, name, incoming)
    except BadResult as bad:
        raise Invalid(
            _("It was not taken: %(reason)s.") % {"reason": bad.reason}, code="bad_audio"
        ) from None
    finally:
        incoming.discard()
    return HttpResponse(status=201)


def _read(request: HttpRequest) -> Incoming:
    limit = conf().upload_limit_bytes
    incoming = Incoming(get_storage())
    try:
        while chunk := request.read(CHUNK):
            if incoming.size + len(chunk) > limit:
                raise TooLarge(_("At most %(limit)s bytes.") % {"limit": limit})
            incoming.write(chunk)
        incoming.close()
    except UnreadablePostError:
        incoming.discard()
        raise Invalid(_("The file was cut short.")) from None
    except BaseException:
        incoming.discard()
        raise
    return incoming
