"""A file over HTTP: Range, If-Range, ETag, and what can go wrong with each."""

import re
import secrets
from dataclasses import replace

from conferences.fake_tcs.sound import Sound
from conferences.fake_tcs.state import State
from conferences.fake_tcs.web import Answer, FilePart, Refusal, Request

RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})$")


def download(state: State, request: Request, sound: Sound) -> Answer:
    """200 with everything, 206 with one range, 416 where it lies outside (RFC 9110, 14)."""
    faults = state.faults
    if faults.take("track_404", request.path):
        raise Refusal(404, "fileNotFound", "The file does not exist.")
    etag = f'"{sound.sha256[:24]}"'
    if faults.take("changed_etag", request.path):
        etag = f'"{secrets.token_hex(12)}"'
    headers = {"etag": etag, "accept-ranges": "bytes"}
    size = sound.size
    if fault := faults.take("short_file", request.path):
        size = max(0, size - int(fault["missing"]))
    span = _span(request, etag, size)
    if span and faults.take("ignore_range", request.path):
        span = None
    start, end = span or (0, size)
    part = FilePart(sound, start, end - start)
    if faults.take("corrupt", request.path):
        part = replace(part, corrupt=True)
    if span and faults.take("wrong_range", request.path):
        part = replace(part, start=0, length=min(size, end - start))
        start, end = 0, part.length
    if span:
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    headers["content-length"] = str(part.length)
    return Answer(206 if span else 200, b"", sound.media_type, headers, part)


def _span(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """First byte and the byte after the last; None: the whole. Raises Refusal (416)."""
    match = RANGE.match(request.headers.get("range", ""))
    if match is None or match.groups() == ("", ""):
        return None
    if request.headers.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    if first == "":
        return max(0, size - int(last)), size
    start, end = int(first), min(size, int(last) + 1 if last else size)
    if start >= size or end <= start:
        raise Refusal(416, "rangeNotSatisfiable", f"bytes */{size}", "header", "range")
    return start, end
