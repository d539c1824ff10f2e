"""Two versions of a transcript against each other, each as corrected or as the engine heard it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from common.errors import Invalid, NotFound
from recognition import documents, selectors
from recognition.editing.difference import Difference, differences
from recognition.editing.values import Line
from recognition.models import Transcript
from recordings.models import Recording

SIDE = re.compile(r"(?P<version>[0-9]{1,9})?(?P<raw>-?raw)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared."""

    transcript: Transcript
    raw: bool

    @property
    def key(self) -> str:
        """As it stands in an address: `3`, or `3-raw` for the engine's words."""
        return f"{self.transcript.version}{'-raw' if self.raw else ''}"


@dataclass(frozen=True, slots=True)
class Comparison:
    old: Side
    new: Side
    differences: tuple[Difference, ...]


def compare(recording: Recording, *, old: str = "", new: str = "") -> Comparison:
    """`old` and `new` are keys of sides: `2`, `2-raw`, `raw` for the newest's engine words. Left
    out, new is the newest as corrected, and old the words of the engine in the version before it,
    or in itself where it is the first.

    Raises NotFound for no such version, Invalid for what is no key.
    """
    later = _side(recording, new)
    earlier = _side(recording, old) if old else _before(recording, later.transcript)
    found = differences(_lines(earlier), _lines(later))
    return Comparison(earlier, later, tuple(found))


def plain(recording: Recording, compared: Comparison) -> dict[str, Any]:
    """It as the API tells it."""

    def told(lines: Sequence[Line]) -> list[dict[str, Any]]:
        return documents.shown(recording, [documents.row_of(line) for line in lines])

    return {
        "from": _told(compared.old),
        "to": _told(compared.new),
        "differences": [
            {
                "old": told(one.old),
                "new": told(one.new),
                "pieces": [{"kind": piece.kind, "text": piece.text} for piece in one.pieces],
            }
            for one in compared.differences
        ],
    }


def _told(side: Side) -> dict[str, Any]:
    made = side.transcript
    return {
        "version": made.version,
        "raw": side.raw,
        "engine": made.engine,
        "created_at": made.created_at,
    }


def _side(recording: Recording, key: str) -> Side:
    match = SIDE.fullmatch(key)
    if match is None:
        raise Invalid(
            _("That names no version."),
            code="bad_version",
            next_action=_(
                "Write 2 for version 2 as it was corrected, 2-raw for its engine's words."
            ),
        )
    number = match["version"]
    found = selectors.transcript_of(recording, version=int(number) if number else None)
    if found is None:
        raise NotFound(_("This recording has no such transcript."), code="no_transcript")
    return Side(found, raw=match["raw"] is not None)


def _before(recording: Recording, transcript: Transcript) -> Side:
    earlier = recording.transcripts.filter(version__lt=transcript.version)
    return Side(earlier.order_by("-version").first() or transcript, raw=True)


def _lines(side: Side) -> tuple[Line, ...]:
    return selectors.lines_of(side.transcript, raw=side.raw).lines
