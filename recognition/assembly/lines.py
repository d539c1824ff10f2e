"""Make one conversation of the tracks: split, drop echoes, order, join, mark what overlaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from recognition.assembly import bleed
from recognition.assembly.splitting import LONGEST_SECONDS, LONGEST_TEXT, split_long, split_pauses
from recognition.assembly.values import BLEED, HeardTrack, Line, Segment, Word
from recognition.assembly.wording import texts_of

JOIN_SECONDS = 0.6
"""Lines of one speaker become one if the gap is not longer and nobody else begins in between."""

OVERLAP_SECONDS = 0.2
"""Two people overlap if they speak together for longer than this."""

SHORTEST_RUN_SECONDS = 0.4
"""Fewer seconds of echo inside a voice, or of voice inside an echo, are a wrong word time."""


def assemble(
    tracks: Sequence[HeardTrack],
    *,
    speaker_label: str = "Speaker {number}",
    options: bleed.BleedOptions = bleed.DEFAULT,
) -> list[Line]:
    """Return all lines of the recording in order of time, echoes (`dropped="bleed"`) included.

    The speaker is the track's name, or who the engine heard if it told several people apart;
    `speaker_label` names a track without a name. The same input always gives the same lines.
    """
    labels = _speaker_labels(tracks, speaker_label)
    pieces: list[Line] = []
    for track in tracks:
        others = _others(track, tracks)
        for segment in track.segments:
            pieces += _lines_of(segment, track, others, labels[track.id], options)
    pieces.sort(key=_order)
    kept = _mark_overlaps(_join(piece for piece in pieces if piece.dropped is None))
    dropped = _join(piece for piece in pieces if piece.dropped is not None)
    return sorted([*kept, *dropped], key=_order)


def _order(line: Line) -> tuple[float, float, int]:
    return line.start, line.end, line.track


@dataclass(frozen=True, slots=True)
class _Labels:
    """How the speakers of a track are called: by the track, or by what the engine heard."""

    track: str
    several_people: bool
    alone: bool

    def of(self, segment: Segment) -> str:
        if not segment.speaker or not self.several_people:
            return self.track
        return segment.speaker if self.alone else f"{self.track}: {segment.speaker}"


def _speaker_labels(tracks: Sequence[HeardTrack], speaker_label: str) -> dict[int, _Labels]:
    labels: dict[int, _Labels] = {}
    alone = len(tracks) == 1
    for number, track in enumerate(tracks, start=1):
        heard = {segment.speaker for segment in track.segments if segment.speaker}
        several = len(heard) > 1 or (alone and bool(heard))
        name = track.name.strip() or speaker_label.format(number=number)
        labels[track.id] = _Labels(name, several, alone)
    return labels


def _others(track: HeardTrack, tracks: Sequence[HeardTrack]) -> list[bleed.Other]:
    return [
        bleed.Other(other.envelope, other.offset - track.offset)
        for other in tracks
        if other is not track and other.envelope is not None
    ]


def _lines_of(
    segment: Segment,
    track: HeardTrack,
    others: Sequence[bleed.Other],
    labels: _Labels,
    options: bleed.BleedOptions,
) -> list[Line]:
    """Cut a segment where echo and voice change, at long pauses and where it is very long."""
    words = tuple(sorted((w for w in segment.words if w.word.strip()), key=lambda w: w.start))
    if not words and not segment.text.strip():
        return []
    share = None
    if track.envelope is not None and others:
        share = bleed.echo_share(track.envelope, others, segment.start, segment.end, options)
    if not words:
        echo = share is not None and share.is_echo(segment.start, segment.end)
        line = Line(track.id, labels.of(segment), segment.start, segment.end, segment.text.strip())
        return [_placed(line, track.offset, dropped=BLEED if echo else None)]
    groups = [
        (group, echo)
        for run, echo in _runs(words, share)
        for paused in split_pauses(run)
        for group in split_long(paused)
    ]
    texts = texts_of(segment.text, [group for group, _ in groups])
    return [
        _placed(
            Line(
                track.id,
                labels.of(segment),
                group[0].start,
                max(word.end for word in group),
                text,
                tuple(group),
            ),
            track.offset,
            dropped=BLEED if echo else None,
        )
        for (group, echo), text in zip(groups, texts, strict=True)
    ]


def _placed(line: Line, offset: float, *, dropped: str | None) -> Line:
    """Move a line from its track's time to the recording's."""
    start = round(line.start + offset, 3)
    words = tuple(
        replace(
            word,
            word=word.word.strip(),
            start=round(word.start + offset, 3),
            end=round(max(word.end, word.start) + offset, 3),
        )
        for word in line.words
    )
    end = max(start, round(line.end + offset, 3))
    return replace(line, start=start, end=end, words=words, dropped=dropped)


def _runs(words: Sequence[Word], share: bleed.EchoShare | None) -> list[tuple[list[Word], bool]]:
    """Group words into stretches of voice and stretches of echo."""
    if share is None:
        return [(list(words), False)]
    runs = [
        ([word for _, word in group], echo)
        for echo, group in groupby(zip(_verdicts(words, share), words, strict=True), itemgetter(0))
    ]
    longest = max(runs, key=lambda run: _seconds(run[0]))
    merged: list[tuple[list[Word], bool]] = []
    for run, echo in runs:
        short = _seconds(run) < SHORTEST_RUN_SECONDS
        sure = (merged[-1][1] if merged else longest[1]) if short else echo
        if merged and merged[-1][1] == sure:
            merged[-1][0].extend(run)
        else:
            merged.append((run, sure))
    return merged


def _verdicts(words: Sequence[Word], share: bleed.EchoShare) -> list[bool]:
    """Tell for each word if it is an echo; one where nothing is heard goes with those about it."""
    found = [share.is_echo(word.start, word.end) for word in words]
    before = next((echo for echo in found if echo is not None), False)
    verdicts = []
    for echo in found:
        before = before if echo is None else echo
        verdicts.append(before)
    return verdicts


def _seconds(words: Sequence[Word]) -> float:
    return words[-1].end - words[0].start


def _join(pieces: Iterable[Line]) -> list[Line]:
    """Join neighbours of one speaker; `pieces` are in order of time."""
    joined: list[Line] = []
    for piece in pieces:
        if joined and _belong_together(joined[-1], piece):
            before = joined[-1]
            joined[-1] = replace(
                before,
                end=max(before.end, piece.end),
                text=f"{before.text} {piece.text}",
                words=before.words + piece.words,
            )
        else:
            joined.append(piece)
    return joined


def _belong_together(before: Line, after: Line) -> bool:
    return (
        (before.track, before.speaker) == (after.track, after.speaker)
        and after.start - before.end <= JOIN_SECONDS
        and max(before.end, after.end) - before.start <= LONGEST_SECONDS
        and len(before.text) + 1 + len(after.text) <= LONGEST_TEXT
    )


def _mark_overlaps(lines: Sequence[Line]) -> list[Line]:
    """Mark lines during which somebody else speaks; `lines` are in order of time."""
    overlapping: set[int] = set()
    latest: dict[tuple[int, str], int] = {}
    for index, line in enumerate(lines):
        who = (line.track, line.speaker)
        for other, at in latest.items():
            together = min(line.end, lines[at].end) - line.start
            if other != who and together > OVERLAP_SECONDS:
                overlapping |= {index, at}
        if who not in latest or lines[latest[who]].end <= line.end:
            latest[who] = index
    return [replace(line, overlap=at in overlapping) for at, line in enumerate(lines)]
