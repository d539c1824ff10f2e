"""What is exported, and what an exporter promises. All positions in seconds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from common.texts import one_row
from recognition.assembly.values import Word


@dataclass(frozen=True, slots=True)
class LineView:
    """One line as it is shown: `speaker` with the name it was given, `id` of the phrase."""

    id: int
    speaker: str
    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    track: int | None = None


@dataclass(frozen=True, slots=True)
class SummaryItemView:
    """One statement and the ids of the lines that prove it."""

    text: str
    evidence: tuple[int, ...] = ()
    verified: bool = True


@dataclass(frozen=True, slots=True)
class TranscriptView:
    """One version of a transcript with all that a reader sees; lines that count, in order."""

    id: int
    version: int
    title: str
    language: str
    engine: str
    created_at: datetime
    started_at: datetime | None
    duration: float
    lines: tuple[LineView, ...]
    summary: str = ""
    items: tuple[SummaryItemView, ...] = ()
    stale: bool = False
    """The summary was made of other words than these."""


@dataclass(frozen=True, slots=True)
class Headings:
    """The words around the words, in the reader's language."""

    transcript: str = "Transcript"
    summary: str = "Summary"
    started: str = "Started"
    duration: str = "Duration"
    unverified: str = "not verified"
    untitled: str = "Untitled"
    stale: str = "Made before the latest changes of the transcript."


class Exporter(Protocol):
    """One format of file."""

    extension: str
    content_type: str

    def write(self, view: TranscriptView, headings: Headings) -> bytes:
        """Return the whole file."""
        ...


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file ready to be sent; `name` is safe for a disk and for Content-Disposition."""

    name: str
    content_type: str
    content: bytes


def clock(seconds: float) -> str:
    """Return `0:01:05`."""
    whole = max(0, int(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def safe_name(title: str, extension: str, *, default: str = "transcript") -> str:
    """Return a file name of at most 120 bytes that no disk and no HTTP header misreads."""
    kept = "".join("_" if char in '\\/:*?"<>|%' else char for char in one_row(title))
    short = kept.strip(" ._").encode()[:120].decode(errors="ignore").rstrip(" .")
    return f"{short or default}.{extension}"
