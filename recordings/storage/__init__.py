"""Where bytes are kept: `files` publishes and opens them; `get_storage` gives the place itself.

`base` the promise · `local` a disk · `s3` a bucket · `uploads` and `guard` what comes in over
HTTP · `reconcile` what is there and should not be, or the other way round.
"""

from recordings.storage.base import Missing, Storage
from recordings.storage.choose import get_storage

__all__ = ["Missing", "Storage", "get_storage"]
