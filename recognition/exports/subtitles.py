"""Write subtitles with pysubs2, and keep it from obeying braces and backslashes in the text."""

from collections.abc import Iterable

import pysubs2

# pysubs2 obeys "\n", "\h" and "{\...}" in a text. This private character stands for a backslash
# until the file is written.
_BACKSLASH = "\ue000"


def write_subtitles(cues: Iterable[tuple[float, float, str]], *, to: str) -> bytes:
    """Return a file in pysubs2's format `to` of (start, end, text); the text as it shall stand."""
    subtitles = pysubs2.SSAFile()
    for start, end, text in cues:
        masked = text.replace("\\", _BACKSLASH)
        first, last = round(start * 1000), round(end * 1000)
        subtitles.append(pysubs2.SSAEvent(start=first, end=max(last, first + 1), text=masked))
    written: str = subtitles.to_string(to, keep_ssa_tags=True)
    return written.replace(_BACKSLASH, "\\").encode()
