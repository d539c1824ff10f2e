"""Uploads without JavaScript; with it, upload.js sends each file to the REST API by itself."""

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from common.errors import Invalid
from recordings import services
from recordings.choices import Kind
from recordings.pages.visitor import page, person
from recordings.storage.uploads import StagedUpload


@csrf_exempt
@require_POST
@page
@csrf_protect
def upload(request: HttpRequest) -> HttpResponse:
    """Each file is a recording of its own, or all are tracks of one.

    The CSRF check stands inside `page`: it reads the body, and what the intake refuses there (too
    large, no room) must become a page as well.
    """
    user = person(request)
    files = [_incoming(file) for file in request.FILES.getlist("file")]
    if not files:
        raise Invalid(_("No file was chosen."), next_action=_("Choose a file and send it again."))
    together = [files] if request.POST.get("together") else [[file] for file in files]
    for parts in together:
        recording, _created = services.receive(
            user,
            parts,
            title=request.POST.get("title", ""),
            language=request.POST.get("language", ""),
            kind=Kind.UPLOAD,
        )
    messages.success(
        request,
        ngettext("%(n)d recording was taken in.", "%(n)d recordings were taken in.", len(together))
        % {"n": len(together)},
    )
    return redirect("recording", recording.pk) if len(together) == 1 else redirect("recordings")


def _incoming(upload: UploadedFile) -> services.IncomingFile:
    """What the storage's own upload handler has left: it is taken in without another copy."""
    assert isinstance(upload, StagedUpload)
    return services.IncomingFile(upload.incoming, name=upload.name or "")
