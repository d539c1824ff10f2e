"""Bytes are published whole or not at all, on a disk and in a bucket; leftovers are found."""

import errno
import io
import os
import resource
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from django.core.management import call_command
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from common.errors import StorageFull, Unavailable
from recordings.conf import S3Access
from recordings.models import StorageSettings, StoredFile
from recordings.storage import Missing, Storage, files, get_storage
from recordings.storage.base import place_of
from recordings.storage.local import LocalStorage
from recordings.storage.reconcile import reconcile
from recordings.storage.s3 import S3Storage
from recordings.tests import factories, sound

pytestmark = pytest.mark.django_db(transaction=True)
OLD = time.time() - 3 * 86400


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """The address of a real S3 server (moto's) with an empty bucket called `sound`."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=url, **keys).create_bucket(Bucket="sound")
    yield url
    server.stop()


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest, root: Path, settings: Settings) -> Storage:
    if request.param == "s3":
        access = {"access_key_id": "k", "secret_access_key": "s", "region": "us-east-1"}
        settings.RECORDINGS = {
            **settings.RECORDINGS,
            "storage": f"s3://sound/{uuid.uuid4()}",
            "s3": {**access, "endpoint_url": request.getfixturevalue("bucket")},
        }
    return get_storage()


def publish(folder: Path, content: bytes) -> StoredFile:
    path = folder / "made"
    path.write_bytes(content)
    return files.publish(path, content_type="audio/ogg")


def test_what_is_published_can_be_read_in_any_part(store: Storage, tmp_path: Path) -> None:
    content = os.urandom(300_000)

    row = publish(tmp_path, content)

    assert (row.size, row.sha256) == (300_000, files.stage(tmp_path / "made").sha256)
    assert StoredFile.objects.get() == row
    for start, stop in [(0, None), (0, 1), (5, 70_000), (299_999, None), (7, 7), (0, 900_000)]:
        with files.open_range(row, start, stop) as part:
            assert part.read() == content[start:stop]
    with files.local_path(row) as path:
        assert path.read_bytes() == content
    assert store.size(row.uid) == 300_000
    assert [(found.uid, found.size) for found in store.walk()] == [(row.uid, 300_000)]


def test_deleting_goes_with_the_commit_and_missing_is_said(store: Storage, tmp_path: Path) -> None:
    row = publish(tmp_path, b"abc")

    files.discard([row])

    assert not StoredFile.objects.exists()
    assert store.size(row.uid) is None
    store.delete(row.uid)
    with pytest.raises(Missing):
        files.open_range(row)
    with pytest.raises(Missing), files.local_path(row):
        pass


def test_a_large_file_goes_up_in_parts(bucket: str, tmp_path: Path) -> None:
    access = S3Access("k", "s", bucket, "us-east-1")
    store = S3Storage("sound", "big", access=access, incoming=tmp_path / "in", reserve=0)
    path, uid = tmp_path / "in" / "big", uuid.uuid4()
    path.write_bytes(os.urandom(9 << 20))

    store.put(path, uid)

    head = store.client.head_object(Bucket="sound", Key=f"big/{place_of(uid)}")
    assert head["ContentLength"] == 9 << 20
    assert head["ETag"].strip('"').endswith("-2")
    assert not path.exists()


def test_an_s3_that_does_not_answer_is_our_error_and_keeps_the_file(tmp_path: Path) -> None:
    access = S3Access("k", "s", "http://127.0.0.1:9", "us-east-1")
    store = S3Storage("sound", "", access=access, incoming=tmp_path, reserve=0)
    path = tmp_path / "one"
    path.write_bytes(b"abc")

    with pytest.raises(Unavailable):
        store.put(path, uuid.uuid4())

    assert path.read_bytes() == b"abc"


def test_the_row_in_the_database_wins_over_the_environment(root: Path, tmp_path: Path) -> None:
    assert get_storage() is get_storage()

    row = StorageSettings.objects.create(pk=1, root=str(tmp_path / "other"))
    moved = get_storage()
    assert isinstance(moved, LocalStorage)
    assert (moved.root, moved.reserve) == (tmp_path / "other", 0)

    row.root, row.reserve_bytes = "", 77
    row.save()
    back = get_storage()
    assert isinstance(back, LocalStorage)
    assert (back.root, back.reserve) == (root, 77)


def test_a_link_in_the_tree_does_not_lead_out_of_it(root: Path, tmp_path: Path) -> None:
    store, uid = get_storage(), uuid.uuid4()
    secret = tmp_path / "secret"
    secret.write_text("not yours")
    place = root / place_of(uid)
    place.parent.mkdir(parents=True)
    place.symlink_to(secret)

    with pytest.raises(Missing):
        store.open(uid)
    with pytest.raises(Missing), store.local_path(uid):
        pass
    store_path = tmp_path / "storage" / "incoming" / "x.part"
    store_path.write_text("mine")
    with pytest.raises(Missing):
        store.put(store_path, uid)
    assert secret.read_text() == "not yours"


def test_a_file_that_outgrows_the_disk_leaves_nothing(root: Path) -> None:
    """The limit on a file's size is met as a full disk is: in the middle of writing."""
    get_storage()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(StorageFull):
            files.stage(io.BytesIO(bytes(5 << 20)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)

    assert list((root / "incoming").iterdir()) == []


def test_a_disk_that_is_full_when_publishing_leaves_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", no_space)
        with pytest.raises(StorageFull):
            publish(tmp_path, b"abc")

    assert [path for path in root.rglob("*") if path.is_file()] == []
    assert not StoredFile.objects.exists()
    assert publish(tmp_path, b"abc").size == 3


def test_the_reserve_is_looked_at_while_writing(root: Path, settings: Settings) -> None:
    incoming = files.Incoming(get_storage())
    incoming.write(bytes(1000))
    incoming.storage.reserve = 1 << 60  # type: ignore[attr-defined]  # the disk filled up meanwhile

    with pytest.raises(StorageFull):
        incoming.write(bytes(files.CHECK_EVERY))

    assert not incoming.path.exists()
    incoming.storage.reserve = 0  # type: ignore[attr-defined]


def age(root: Path, name: str) -> None:
    os.utime(root / name, (OLD, OLD), follow_symlinks=False)


def test_the_reconciler_finds_what_does_not_fit(root: Path, tmp_path: Path) -> None:
    good, lost, short, rotten, spare = (publish(tmp_path, os.urandom(9)) for _ in range(5))
    for row in (good, lost, short, rotten):
        made = factories.recording()
        made.tracks.update(file=row)
    StoredFile.objects.filter(size=1).delete()
    get_storage().delete(lost.uid)
    (root / place_of(short.uid)).write_bytes(b"1234")
    (root / place_of(rotten.uid)).write_bytes(b"123456789")
    StoredFile.objects.filter(pk=spare.pk).update(created_at="2020-01-01T00:00Z")
    orphan, young = place_of(uuid.uuid4()), place_of(uuid.uuid4())
    for name in (orphan, young, "notes.txt", "incoming/half.part"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    age(root, orphan)
    age(root, "incoming/half.part")
    (root / "exchange").mkdir()
    (root / "exchange" / "dead").symlink_to(root / place_of(lost.uid))
    (root / "exchange" / "alive").symlink_to(root / place_of(good.uid))

    report = reconcile(verify=True)

    assert report.orphans == [orphan]
    assert report.strays == ["notes.txt"]
    assert report.leftovers == ["half.part"]
    assert report.missing == [str(lost.uid)]
    assert report.wrong_size == [str(short.uid)]
    assert sorted(report.wrong_hash) == sorted([str(short.uid), str(rotten.uid)])
    assert report.unused == [str(spare.uid)]
    assert report.dead_links == ["exchange/dead"]
    assert not report.clean
    assert report.deleted == 0
    assert (root / orphan).exists()

    report = reconcile(delete_orphans=True)

    assert report.deleted == 3
    assert not (root / orphan).exists()
    assert not StoredFile.objects.filter(pk=spare.pk).exists()
    assert (root / young).exists()
    assert (root / "notes.txt").exists()
    assert (root / place_of(good.uid)).exists()


def test_the_command_prints_json_and_says_by_its_status_that_bytes_are_lost(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = publish(tmp_path, b"abc")
    call_command("reconcile_storage", "--verify")
    assert '"clean": true' in capsys.readouterr().out

    get_storage().delete(row.uid)
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile_storage")
    assert ended.value.code == 1
    assert str(row.uid) in capsys.readouterr().out


KILLED = """
import os, signal, sys, django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[3]
settings.RECORDINGS = {**settings.RECORDINGS, "storage": sys.argv[2], "disk_reserve_bytes": 0}
from pathlib import Path
from recordings import services
from recordings.services import intake
from accounts.models import User
intake._write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
services.receive(User.objects.get(), [services.IncomingFile(Path(sys.argv[1]), "a.wav")])
"""


def test_kill_9_between_bytes_and_rows_leaves_only_an_orphan(
    root: Path, tmp_path: Path, settings: Settings
) -> None:
    factories.user()
    path = sound.wav(tmp_path / "a.wav")
    name = settings.DATABASES["default"]["NAME"]
    command = [sys.executable, "-c", KILLED, str(path), str(root), name]

    ended = subprocess.run(
        command, env={**os.environ, "DJANGO_SETTINGS_MODULE": "sai.settings"}, check=False
    )

    assert ended.returncode == -signal.SIGKILL
    (left,) = [found.name for found in get_storage().walk()]
    assert reconcile().orphans == []  # young: somebody may be about to commit its row
    age(root, left)
    report = reconcile(delete_orphans=True)
    assert (report.orphans, report.clean) == ([left], True)
    assert list(get_storage().walk()) == []
    assert path.exists()
