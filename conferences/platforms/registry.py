"""The getter: which platform's driver speaks for a connection, and whether its options make
sense."""

from collections.abc import Callable, Mapping
from typing import Final

from django.utils.translation import gettext as _

from common.errors import Invalid
from conferences.choices import Platform
from conferences.models import Connection
from conferences.platforms import fake, folder, unstated
from conferences.platforms.base import Driver
from conferences.platforms.fake import Fake
from conferences.platforms.folder import Folder
from conferences.platforms.trueconf import options as trueconf_options
from conferences.platforms.trueconf.driver import TrueConf

PATHS, FIELDS = unstated.PATHS, unstated.FIELDS

DRIVERS: Final[Mapping[str, Callable[[Connection], Driver]]] = {
    Platform.TRUECONF: TrueConf,
    Platform.FOLDER: Folder,
    Platform.FAKE: Fake,
}
CHECKS: Final[Mapping[str, Callable[[Connection], None]]] = {
    Platform.TRUECONF: trueconf_options.check,
    Platform.FOLDER: folder.check,
    Platform.FAKE: fake.check,
}


def get_driver(connection: Connection) -> Driver:
    """A driver for one use in one thread; nothing is asked yet. Close it.

    Raises PlatformError where the connection's own settings can't be used.
    """
    _check_platform(connection)
    return DRIVERS[connection.platform](connection)


def check_options(connection: Connection) -> None:
    """What an administrator wrote, before it is saved: address, certificates, paths, fields and
    options. Raises Invalid; `details` holds the name of the field that is wrong."""
    _check_platform(connection)
    CHECKS[connection.platform](connection)


def _check_platform(connection: Connection) -> None:
    if connection.platform not in DRIVERS:
        text = _("No platform is called “%(name)s”.") % {"name": connection.platform}
        raise Invalid(
            text,
            code="connection_options",
            next_action=_("Known: %(names)s.") % {"names": ", ".join(sorted(DRIVERS))},
            details={"platform": [text]},
        )
