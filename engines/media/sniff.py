"""The first bytes decide what a file is; its name never does.

The answer is a demuxer name of FFmpeg that `decoding` forces, so FFmpeg never guesses and a text
that names other files is never taken for sound (measured: `ffconcat` and HLS read siblings when
FFmpeg may guess).
"""

import re
from typing import BinaryIO

from engines.media.verdicts import refuse

HEAD = 64 << 10
FORMATS = ("mp3", "wav", "w64", "ogg", "flac", "mov", "matroska", "aac", "amr", "aiff", "asf")

_MAGIC = (
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"#!AMR", "amr"),
    (b"riff\x2e\x91\xcf\x11", "w64"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
)
_MOV_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_TEXT = (
    (re.compile(rb"#extm3u"), "playlist_hls"),
    (re.compile(rb"ffconcat\b"), "playlist_concat"),
    (re.compile(rb"(?s)(<\?xml.*?)?<!doctype html|(<\?xml.*?)?<html\b"), "markup_html"),
    (re.compile(rb"<smil|<asx|\[playlist\]|\[reference\]|rtsptext"), "playlist_other"),
    (re.compile(rb"(?s)(<\?xml.*?)?<mpd\b"), "playlist_other"),
    (re.compile(rb"<\?xml|<svg|<"), "markup_xml"),
    (re.compile(rb"v=0\s"), "sdp"),
)
_BIT_RATES = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def sniff(file: BinaryIO) -> str:
    """Name the demuxer for an open file (position is left at 0). Raises BadMedia."""
    file.seek(0)
    head = file.read(HEAD)
    if not head:
        raise refuse("empty")
    if head.startswith(b"ID3"):
        head = after_tags(file, head)
    file.seek(0)
    found = _container(head) or _frames(head)
    if found:
        return found
    raise refuse(_text(head) or "unknown_format")


def after_tags(file: BinaryIO, head: bytes) -> bytes:
    """What stands behind ID3v2 tags (their length is four times seven bits); a few may follow."""
    position = 0
    for _ in range(4):
        if not head.startswith(b"ID3") or len(head) < 10:
            break
        a, b, c, d = head[6:10]
        footer = 10 if head[5] & 0x10 else 0
        position += 10 + footer + (a << 21 | b << 14 | c << 7 | d)
        file.seek(position)
        head = file.read(HEAD)
    return head.lstrip(b"\0")


def _container(head: bytes) -> str | None:
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        return _riff(head)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[4:8] in _MOV_BOXES:
        return "mov"
    return None


def _riff(head: bytes) -> str | None:
    if b"GAB2" in head:
        raise refuse("playlist_hidden")
    if head[8:12] != b"WAVE":
        return None
    at = head.find(b"fmt ")
    if at >= 0 and head[at + 10 : at + 12] == b"\0\0":
        raise refuse("no_channels")
    return "wav"


def _frames(head: bytes) -> str | None:
    """MP3 or ADTS by two frames in a row; junk before the first is common in cut recordings."""
    for match in re.finditer(rb"\xff[\xe0-\xff]", head[:8192]):
        at = match.start()
        if length := _adts_length(head[at : at + 7]):
            if _adts_length(head[at + length : at + length + 7]) or at + length >= len(head):
                return "aac"
        elif (length := _mpeg_length(head[at : at + 4])) and (
            _mpeg_length(head[at + length : at + length + 4]) or at + length >= len(head)
        ):
            return "mp3"
    return None


def _adts_length(header: bytes) -> int:
    if len(header) < 7 or header[1] & 0xF6 != 0xF0 or header[2] >> 2 & 15 > 12:
        return 0
    length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 else 0


def _mpeg_length(header: bytes) -> int:
    """Length of an MPEG audio layer III frame, 0 where these four bytes are no header."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version, bits, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or bits in (0, 15) or rate == 3:
        return 0
    kilobits = _BIT_RATES[3 if version == 3 else 2][bits]
    samples = 144_000 if version == 3 else 72_000
    return samples * kilobits // _RATES[version][rate] + (header[2] >> 1 & 1)


def _text(head: bytes) -> str | None:
    """The code of a refusal where the file is text; BOMs, UTF-16 and blanks don't hide it."""
    plain = head[:4096]
    if plain[:2] in (b"\xff\xfe", b"\xfe\xff"):
        plain = plain[2:].replace(b"\0", b"")
    plain = plain.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for pattern, code in _TEXT:
        if pattern.match(plain):
            return code
    printable = sum(byte >= 32 or byte in b"\t\r\n\f" for byte in plain)
    return "text" if plain and printable == len(plain) else None
