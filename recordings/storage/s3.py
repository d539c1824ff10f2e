"""Files in a bucket of any S3 server. Large ones go up in parts, visible only when whole."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from recordings.conf import S3Access
from recordings.storage.base import Found, missing, place_of, uid_at, unavailable
from recordings.storage.local import ensure_room
from recordings.storage.slices import Slice

NOT_OURS = ("incoming/", "exchange/")
ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


class S3Storage:
    def __init__(
        self, bucket: str, prefix: str, *, access: S3Access, incoming: Path, reserve: int
    ) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.access = access
        self.reserve = reserve
        self.incoming = incoming
        incoming.mkdir(parents=True, exist_ok=True)

    @cached_property
    def client(self) -> Any:
        import boto3
        from botocore.config import Config

        given = {
            "aws_access_key_id": self.access.access_key_id,
            "aws_secret_access_key": self.access.secret_access_key,
            "endpoint_url": self.access.endpoint_url,
            "region_name": self.access.region,
        }
        config = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"max_attempts": 3, "mode": "standard"},
            # Servers other than Amazon's know path addresses, and often no newer checksums.
            s3={"addressing_style": "path"} if self.access.endpoint_url else None,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return boto3.session.Session().client(
            "s3", config=config, **{name: value for name, value in given.items() if value}
        )

    def _key(self, uid: UUID) -> str:
        return self.prefix + place_of(uid)

    @contextmanager
    def _talking(self) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ABSENT:
                raise missing() from None
            raise unavailable(error) from error
        except (BotoCoreError, Boto3Error) as error:
            raise unavailable(error) from error

    def put(self, path: Path, uid: UUID) -> None:
        with self._talking():
            self.client.upload_file(str(path), self.bucket, self._key(uid))
        if self.size(uid) != path.stat().st_size:
            self.delete(uid)
            raise unavailable(OSError("short upload"))
        path.unlink()

    def open(self, uid: UUID, start: int = 0, stop: int | None = None) -> BinaryIO:
        length = None if stop is None else max(0, stop - start)
        if length == 0:
            start, stop = 0, 1  # S3 knows no empty range; the slice below still gives nothing
        end = "" if stop is None else str(stop - 1)
        wanted = {"Range": f"bytes={start}-{end}"} if start or stop is not None else {}
        with self._talking():
            answer = self.client.get_object(Bucket=self.bucket, Key=self._key(uid), **wanted)
        return Slice(answer["Body"], length)

    @contextmanager
    def local_path(self, uid: UUID) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="read-", dir=self.incoming) as folder:
            ensure_room(self.incoming, self.size(uid) or 0, reserve=self.reserve)
            path = Path(folder) / str(uid)
            with self._talking():
                self.client.download_file(self.bucket, self._key(uid), str(path))
            yield path

    def size(self, uid: UUID) -> int | None:
        from botocore.exceptions import ClientError

        with self._talking():
            try:
                answer = self.client.head_object(Bucket=self.bucket, Key=self._key(uid))
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in ABSENT:
                    return None
                raise
        return int(answer["ContentLength"])

    def delete(self, uid: UUID) -> None:
        with self._talking():
            self.client.delete_object(Bucket=self.bucket, Key=self._key(uid))

    def walk(self) -> Iterator[Found]:
        pages = self.client.get_paginator("list_objects_v2")
        with self._talking():
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix):
                for item in page.get("Contents", ()):
                    place = item["Key"].removeprefix(self.prefix)
                    if not place.startswith(NOT_OURS):
                        modified: dt.datetime = item["LastModified"]
                        yield Found(place, uid_at(place), item["Size"], modified)

    def remove(self, found: Found) -> None:
        with self._talking():
            self.client.delete_object(Bucket=self.bucket, Key=self.prefix + found.name)

    def ensure_room(self, size: int) -> None:
        """A bucket has no end; what comes in still passes through a local folder."""
        ensure_room(self.incoming, size, reserve=self.reserve)
