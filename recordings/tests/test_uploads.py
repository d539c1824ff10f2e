"""Uploads over real sockets: whole, broken off, too large."""

import http.client
import json
import time
from pathlib import Path

import pytest
from django.test import Client

from recordings.tests import sound
from recordings.tests.doors import URL, nothing_was_kept
from recordings.tests.web import Server

pytestmark = pytest.mark.django_db(transaction=True)


def form(content: bytes) -> bytes:
    head = b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    return head + content + b"\r\n--B--\r\n"


def over_http(
    server: Server, api: Client, body: bytes, **headers: str
) -> http.client.HTTPConnection:
    """Sends head and body over a real socket; the answer is the caller's to read."""
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    link.putrequest("POST", URL)
    sent = {
        "Authorization": api.defaults["HTTP_AUTHORIZATION"],
        "Content-Type": "multipart/form-data; boundary=B",
        "Content-Length": str(len(body)),
        **headers,
    }
    for name, value in sent.items():
        link.putheader(name.replace("_", "-"), value)
    link.endheaders(body)
    return link


def test_a_whole_upload_over_a_real_socket_and_its_sound_back(
    api: Client, server: Server, tmp_path: Path
) -> None:
    content = sound.wav_bytes(tmp_path, seconds=60)
    link = over_http(server, api, form(content))
    answer = link.getresponse()
    assert answer.status == 201
    id = json.loads(answer.read())["id"]

    headers = {"Authorization": api.defaults["HTTP_AUTHORIZATION"], "Range": "bytes=100-400000"}
    link.request("GET", f"{URL}{id}/audio/", headers=headers)
    part = link.getresponse()
    assert part.status == 206
    assert part.read() == content[100:400001]
    link.close()


def test_an_upload_that_breaks_off_leaves_nothing(
    api: Client, server: Server, root: Path, tmp_path: Path
) -> None:
    body = form(sound.wav_bytes(tmp_path, seconds=60))
    link = over_http(server, api, body[: len(body) // 2], **{"Content-Length": str(len(body))})
    link.close()

    # The body ends early by its own length: the last file has no end.
    short = over_http(server, api, body[: len(body) // 2])
    answer = short.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (400, "upload_incomplete")
    short.close()
    time.sleep(0.2)
    assert nothing_was_kept(root)


def test_too_much_is_refused_before_it_is_sent(api: Client, server: Server, root: Path) -> None:
    huge = over_http(server, api, b"--B\r\n", **{"Content-Length": str(50 << 30)})
    answer = huge.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (413, "too_large")
    huge.close()

    plain = over_http(
        server, api, b"{", **{"Content-Length": str(5 << 20), "Content-Type": "application/json"}
    )
    assert plain.getresponse().status == 413
    plain.close()
    assert nothing_was_kept(root)


def test_a_body_without_a_length_is_counted(api: Client, server: Server, root: Path) -> None:
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {
        "Authorization": api.defaults["HTTP_AUTHORIZATION"],
        "Content-Type": "multipart/form-data; boundary=B",
    }
    chunks = (bytes(1 << 20) for _ in range(12))
    try:
        link.request("POST", URL, body=chunks, headers=headers, encode_chunked=True)
        status = link.getresponse().status
    except ConnectionError:
        status = 413  # it was cut off while we were still sending
    link.close()

    assert status == 413
    assert nothing_was_kept(root)
