"""`apply`: licence files."""

from pathlib import Path

from django.utils.translation import gettext as _

from accounts.licences import files, stored
from accounts.licences.errors import LicenceRefused
from common.errors import SaiError
from common.sections import Applied, Entry, Section


class LicenceEntry(Entry):
    """`file` is a path, as the command sees it; the name is only for this list."""

    file: str


def declare_licence(entry: LicenceEntry) -> Applied:
    """A file that is installed already stays, also when it has expired since."""
    try:
        text = files.decode(Path(entry.file).read_bytes())
        row, created = stored.install(text, actor=None)
    except (OSError, ValueError) as error:
        message = _("The file %(file)s can't be read.") % {"file": entry.file}
        raise LicenceRefused(message, details={"file": [message]}) from error
    except SaiError as error:
        raise LicenceRefused(
            f"{error.message} {error.next_action}".strip(), code=error.code, details={"file": []}
        ) from None
    return Applied(name=entry.name, id=row.pk, created=created)


licences = Section(LicenceEntry, declare_licence)
