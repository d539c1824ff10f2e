"""What others may ask of recordings. Call it through the package, so that it reads as a sentence:

`services.receive(...)`, `services.process(recording, pipeline="call")`, `services.delete(...)`.
"""

from recordings.services.access import Granted, grant, revoke
from recordings.services.edit import describe
from recordings.services.intake import IncomingFile, receive
from recordings.services.journey import cancel, process
from recordings.services.life import (
    delete,
    hold,
    purge_sound,
    restore,
    tag,
    trash,
    trash_days,
)

__all__ = [
    "Granted",
    "IncomingFile",
    "cancel",
    "delete",
    "describe",
    "grant",
    "hold",
    "process",
    "purge_sound",
    "receive",
    "restore",
    "revoke",
    "tag",
    "trash",
    "trash_days",
]
