"""Files that come in over HTTP: written once, beside their final place, hashed on the way.

A refused, interrupted or unused upload leaves nothing: its file goes when the request ends. After
a kill -9 `reconcile` finds it.
"""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext as _

from common.errors import Invalid, TooLarge
from recordings.conf import conf
from recordings.storage.choose import get_storage
from recordings.storage.files import CHUNK, Incoming


class StagedUpload(UploadedFile):
    """An upload that lies where `files.place` takes it from; gone when the request is closed."""

    def __init__(self, incoming: Incoming, *, name: str, content_type: str) -> None:
        super().__init__(None, name, content_type, incoming.size)
        self.incoming = incoming

    def open(self, *args: Any, **kwargs: Any) -> "StagedUpload":
        self.file = open(self.incoming.path, "rb")  # noqa: SIM115  UploadedFile closes it
        return self

    def close(self) -> None:
        if self.file:
            self.file.close()
        self.incoming.discard()


class IncomingUploadHandler(FileUploadHandler):
    """Takes every upload. Raises TooLarge, StorageFull, and Invalid where the end is missing."""

    chunk_size = CHUNK

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.received = 0
        self.incoming: Incoming | None = None
        self.finished: list[StagedUpload] = []

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],  # noqa: N803  Django's name
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        if content_length > conf().upload_limit_bytes + CHUNK:
            raise too_large()
        get_storage().ensure_room(content_length)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.incoming = Incoming(get_storage())

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > conf().upload_limit_bytes:
            self._discard()
            raise too_large()
        if self.incoming is not None:
            try:
                self.incoming.write(raw_data)
            except BaseException:
                self._discard()
                raise

    def file_complete(self, file_size: int) -> StagedUpload | None:
        if self.incoming is None:
            return None
        self.incoming.close()
        upload = StagedUpload(
            self.incoming, name=self.file_name or "", content_type=self.content_type or ""
        )
        self.finished.append(upload)
        self.incoming = None
        return upload

    def upload_interrupted(self) -> None:
        """The body ended in the middle of a file: nothing of this request counts."""
        self._discard()
        raise Invalid(
            _("The upload ended before its last file was complete; nothing of it was kept."),
            code="upload_incomplete",
            next_action=_("Send the files again."),
        )

    def _discard(self) -> None:
        if self.incoming is not None:
            self.incoming.discard()
            self.incoming = None
        for upload in self.finished:
            upload.close()


def too_large() -> TooLarge:
    limit = conf().upload_limit_bytes
    return TooLarge(
        _("An upload may have at most %(limit)s bytes.") % {"limit": limit},
        next_action=_("Send fewer or smaller files, or ask the administrator to raise the limit."),
        details={"limit_bytes": limit},
    )
