"""The typed reader of `settings.RECORDINGS`: what an installation decides about recordings."""

from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class S3Access:
    """How to reach an S3 server; empty values are left to boto3's own search."""

    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    endpoint_url: str = ""
    region: str = ""


@dataclass(frozen=True)
class Conf:
    """Times in seconds, sizes in bytes."""

    lease_seconds: float
    heartbeat_seconds: float
    sweep_seconds: float
    poll_seconds: float
    storage: str
    """A path, or s3://bucket/prefix."""
    disk_reserve_bytes: int
    """Below this much free space nothing is taken in."""
    upload_limit_bytes: int
    s3: S3Access
    inbox: str
    """The watched folder; empty where there is none."""
    inbox_owner: str
    retry_pace: float = 1.0
    """Factor on the waiting time between tries; tests hurry."""
    inbox_settle_seconds: float = 5.0
    """A file of the watched folder that did not change for this long is whole."""
    orphan_grace_seconds: float = 24 * 3600.0
    """A file without a row is nobody's only when it is older than this."""


def conf() -> Conf:
    """Read at every call: what a test overrides counts at once."""
    values = dict(settings.RECORDINGS)
    return Conf(**{**values, "s3": S3Access(**values["s3"])})


def var_folder() -> Path:
    """The data directory of this installation."""
    return Path(settings.VAR_DIR)
