"""Which storage we have: what the row in the database says, else what the environment says."""

from functools import lru_cache
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from recordings.conf import Conf, S3Access, conf, var_folder
from recordings.models import StorageSettings
from recordings.storage.base import Storage
from recordings.storage.local import LocalStorage
from recordings.storage.s3 import S3Storage

_last: list[Storage] = []


def get_storage() -> Storage:
    """The storage as it is set now; built anew only when a setting has changed.

    Costs one read of a one-row table, so a change counts at once in every process.
    """
    row = StorageSettings.objects.filter(pk=1).first() or StorageSettings()
    _last[:] = [build(*settle(row, conf()))]
    return _last[0]


def last_used() -> Storage | None:
    """What `get_storage` gave last in this process, for who may not ask the database."""
    return _last[0] if _last else None


def settle(row: StorageSettings, given: Conf) -> tuple[str, int, S3Access]:
    """(root, reserve in bytes, access): each from the row where it says something."""
    access = S3Access(
        access_key_id=row.access_key_id or given.s3.access_key_id,
        secret_access_key=row.secret_access_key or given.s3.secret_access_key,
        endpoint_url=row.endpoint_url or given.s3.endpoint_url,
        region=row.region or given.s3.region,
    )
    reserve = given.disk_reserve_bytes if row.reserve_bytes is None else row.reserve_bytes
    return row.root or given.storage, reserve, access


@lru_cache(maxsize=4)
def build(root: str, reserve: int, access: S3Access) -> Storage:
    """The storage at `root`: a path, or s3://bucket/prefix."""
    if not root.startswith("s3://"):
        return LocalStorage(Path(root).absolute(), reserve=reserve)
    bucket, _, prefix = root.removeprefix("s3://").partition("/")
    if not bucket:
        raise ImproperlyConfigured("SAI_STORAGE names no bucket: write s3://bucket/prefix.")
    incoming = var_folder() / "incoming"
    return S3Storage(bucket, prefix, access=access, incoming=incoming, reserve=reserve)
