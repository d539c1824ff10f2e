"""The stored sound: whole, in parts, and written down who listened."""

import hashlib
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from recordings.models import StoredFile
from recordings.storage import get_storage
from recordings.tests import factories
from recordings.tests.doors import URL, body_of, send, upload

pytestmark = pytest.mark.django_db(transaction=True)


def test_sound_whole_and_in_parts(api: Client, heard: tuple[str, bytes]) -> None:
    url, content = heard
    size = len(content)

    whole = api.get(url)
    assert (whole.status_code, body_of(whole)) == (200, content)
    assert whole["Content-Type"] == "audio/wav"
    assert whole["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert whole["X-Content-Type-Options"] == "nosniff"
    assert whole["Content-Disposition"].startswith("inline; filename")
    for asked, start, stop in [
        ("bytes=0-9", 0, 10),
        ("bytes=100-", 100, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=5-{10**25}", 5, size),
        (f"bytes=-{10**9}", 0, size),
    ]:
        part = api.get(url, headers={"range": asked})
        assert body_of(part) == content[start:stop]
        assert part["Content-Length"] == str(stop - start)
        if stop - start < size:
            assert part.status_code == 206
            assert part["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
    for ignored in ("bytes=a-b", "lines=1-2", "bytes=9-5", "bytes=0-1,5-6", "bytes=-", "x" * 9999):
        assert api.get(url, headers={"range": ignored}).status_code == 200
    for beyond in (f"bytes={size}-", "bytes=-0", f"bytes={10**20}-"):
        answer = api.get(url, headers={"range": beyond})
        assert answer.status_code == 416
        assert answer["Content-Range"] == f"bytes */{size}"


def test_sound_that_the_client_has_already(api: Client, heard: tuple[str, bytes]) -> None:
    url, content = heard
    tag = api.head(url)["ETag"]

    assert api.get(url, headers={"if-none-match": tag}).status_code == 304
    same = api.get(url, headers={"range": "bytes=0-4", "if-range": tag})
    other = api.get(url, headers={"range": "bytes=0-4", "if-range": '"old"'})
    assert (same.status_code, body_of(same)) == (206, content[:5])
    assert (other.status_code, body_of(other)) == (200, content)
    head = api.head(url)
    assert (head.status_code, head["Content-Length"]) == (200, str(len(content)))


def test_listening_is_audited_once_and_seeking_is_not(
    api: Client, owner: User, heard: tuple[str, bytes]
) -> None:
    url, _ = heard
    api.get(url)
    api.get(url, headers={"range": "bytes=500-"})

    entry = AuditEntry.objects.get(action="view")
    assert (entry.actor_id, entry.object_id) == (owner.pk, url.split("/")[-3])


def test_which_track(api: Client, tmp_path: Path) -> None:
    one, two = upload(tmp_path), upload(tmp_path, "b.wav", pitch=300)
    body = send(api, one, two, process="false").json()
    url = f"{URL}{body['id']}/audio/"

    assert body_of(api.get(url, {"track": body["tracks"][1]["id"]})) == two.getvalue()
    assert body_of(api.get(url)) == one.getvalue()
    for wrong in ("0", "x", "9" * 30, "-1", str(factories.recording().tracks.get().pk)):
        assert api.get(url, {"track": wrong}).status_code == 404


def test_a_lost_file_is_404_with_the_reason(api: Client, heard: tuple[str, bytes]) -> None:
    get_storage().delete(StoredFile.objects.get().uid)

    answer = api.get(heard[0])
    assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")
