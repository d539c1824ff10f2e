"""What others may ask of recordings. Call it through the package, so that it reads as a sentence:

`services.receive(...)`, `services.process(recording, pipeline="call")`, `services.delete(...)`.
"""

from recordings.services.access import Granted, grant, revoke
from recordings.services.edit import delete, describe
from recordings.services.intake import IncomingFile, receive
from recordings.services.journey import cancel, process

__all__ = [
    "Granted",
    "IncomingFile",
    "cancel",
    "delete",
    "describe",
    "grant",
    "process",
    "receive",
    "revoke",
]
