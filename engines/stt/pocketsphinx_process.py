"""The process in which PocketSphinx lives: sound in on stdin, words out on stdout.

In: four bytes of length (little endian), then raw s16le at 16 kHz, one utterance. Out: one JSON
line, a list of [word, start, end, probability]. Ends with its stdin.
"""

import json
import os
import re
import sys
from typing import Any

FRAMES_PER_SECOND = 100
_VARIANT = re.compile(r"\(\d+\)$")
_NO_WORD = ("<", "[", "+")


def main() -> None:
    from pocketsphinx import Decoder

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    decoder = Decoder(samprate=16_000, loglevel="FATAL", **json.loads(sys.argv[2]))
    while size := sys.stdin.buffer.read(4):
        sound = sys.stdin.buffer.read(int.from_bytes(size, "little"))
        answers.write(json.dumps(hear(decoder, sound)) + "\n")
        answers.flush()


def hear(decoder: Any, sound: bytes) -> list[tuple[str, float, float, float]]:
    """The words of one utterance; `full_utt` lets it normalise over the whole of it."""
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()
    return [
        (
            _VARIANT.sub("", segment.word),
            segment.start_frame / FRAMES_PER_SECOND,
            (segment.end_frame + 1) / FRAMES_PER_SECOND,
            segment.prob,
        )
        for segment in decoder.seg() or ()
        if not segment.word.startswith(_NO_WORD)
    ]
