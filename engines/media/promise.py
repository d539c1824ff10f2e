"""How long a file says it is, where FFmpeg would guess or quietly shorten the answer."""

from typing import BinaryIO

from engines.media.sniff import HEAD, after_tags

_STREAMED = 0x7FFF0000
"""Recorders that could not go back leave 0 or something close to all ones as the size."""


def trusts_duration(file: BinaryIO, format: str) -> bool:
    """Whether the length that FFmpeg reports was written by the maker of the file.

    ADTS, AMR and MP3 without a Xing, Info or VBRI header have none: FFmpeg guesses from the bit
    rate, and a guess must not condemn a file as truncated.
    """
    if format in ("aac", "amr"):
        return False
    if format != "mp3":
        return True
    file.seek(0)
    head = file.read(HEAD)
    if head.startswith(b"ID3"):
        head = after_tags(file, head)
    return any(mark in head[:4096] for mark in (b"Xing", b"Info", b"VBRI"))


def wav_seconds(file: BinaryIO) -> float | None:
    """The length in a WAV header; FFmpeg reports what is there instead. None where unknown."""
    file.seek(0)
    head = file.read(HEAD)
    if head[:4] != b"RIFF":
        return None
    byte_rate, at = 0, 12
    while at + 8 <= len(head):
        name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if name == b"fmt ":
            byte_rate = int.from_bytes(head[at + 16 : at + 20], "little")
        if name == b"data":
            return size / byte_rate if byte_rate and 0 < size < _STREAMED else None
        at += 8 + size + size % 2
    return None
