"""Echoes of others in a participant's track are dropped; people are kept. Told by sound alone.

The sound is the sample meeting; echoes go through a small loudspeaker and a room. The words are
made up: an echo is always heard as other words, or as the very same ones.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from recognition.assembly import envelope
from recognition.assembly.bleed import Other, is_bleed
from recognition.assembly.lines import assemble
from recognition.assembly.values import BLEED, HeardTrack, Line, Segment, Word

FOLDER = Path(__file__).parents[2] / "samples" / "meeting"
GOLD = json.loads((FOLDER / "gold.json").read_text(encoding="utf-8"))["lines"]
PEOPLE = ("Alice", "Boris", "Clara")
RATE = envelope.RATE
CHANCE = np.random.default_rng(7)


@functools.cache
def voice(name: str) -> np.ndarray:
    return decode_audio(str(FOLDER / f"{name.lower()}.opus"), sampling_rate=RATE)


def gain(decibel: float) -> np.float32:
    return np.float32(10 ** (decibel / 20))


def late(sound: np.ndarray, seconds: float) -> np.ndarray:
    shift = round(seconds * RATE)
    return np.concatenate([np.zeros(shift, np.float32), sound])[: len(sound)]


@functools.cache
def heard_in_a_room(name: str) -> np.ndarray:
    """The others' voices from a small loudspeaker (300 Hz to 5 kHz) with 0.4 s of reverberation."""
    sound = sum(voice(other) for other in PEOPLE if other != name)
    length = len(sound) + RATE // 2
    tail = np.random.default_rng(3).standard_normal(RATE // 2) * 10 ** (
        -3 * np.arange(RATE // 2) / RATE / 0.4
    )
    tail[0] = 10
    tail /= np.sqrt((tail**2).sum())
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    loudspeaker = (frequency / 300) ** 2 / (1 + (frequency / 300) ** 2) / (1 + frequency / 5000)
    spectrum = np.fft.rfft(sound, length) * np.fft.rfft(tail, length) * loudspeaker
    heard = np.fft.irfft(spectrum, length)[: len(sound)].astype(np.float32)
    return heard * np.float32(np.sqrt((sound**2).sum() / (heard**2).sum()))


def noise(decibel: float, length: int) -> np.ndarray:
    return gain(decibel) * CHANCE.standard_normal(length).astype(np.float32)


def segment(start: float, end: float, text: str) -> Segment:
    """Words of equal length from start to end."""
    spelled = text.split()
    edges = np.linspace(start, end, len(spelled) + 1)
    words = tuple(
        Word(word, float(edges[at]), float(edges[at + 1]), 0.4) for at, word in enumerate(spelled)
    )
    return Segment(start - 0.3, end + 0.3, text, words)


def as_other_words(text: str) -> str:
    return " ".join("the" if at % 2 else word[::-1] for at, word in enumerate(text.split()[1:]))


def own_lines(name: str) -> list[Segment]:
    return [
        segment(line["start"], line["end"], line["text"])
        for line in GOLD
        if line["speaker"] == name
    ]


def echo_lines(name: str, delay: float, *, same_words: bool = False) -> list[Segment]:
    return [
        segment(
            line["start"] + delay,
            line["end"] + delay,
            line["text"] if same_words else as_other_words(line["text"]),
        )
        for line in GOLD
        if line["speaker"] != name
    ]


def heard(name: str, sound: np.ndarray, segments: list[Segment]) -> HeardTrack:
    return HeardTrack(PEOPLE.index(name), name, tuple(segments), 0.0, envelope.measure(sound))


@dataclass
class Verdicts:
    """Lines kept that are echoes, and lines dropped that are voices."""

    echoes: int = 0
    echoes_kept: int = 0
    voices: int = 0
    voices_dropped: int = 0

    def judge(self, lines: list[Line], name: str) -> None:
        mine = [line for line in lines if line.speaker == name]
        for line in GOLD:
            same = line["speaker"] == name
            middle = (line["start"] + line["end"]) / 2 + (0 if same else 0.1)
            found = [found for found in mine if found.start <= middle <= found.end]
            kept = any(line.dropped is None for line in found)
            if same:
                self.voices += 1
                self.voices_dropped += not kept
            else:
                self.echoes += 1
                self.echoes_kept += kept


def meeting(
    decibel: float, delay: float, noise_decibel: float | None, *, same_words: bool = False
) -> Verdicts:
    """Let everybody's loudspeaker be heard in his own track, all others' words included."""
    verdicts = Verdicts()
    for name in PEOPLE:
        sound = voice(name) + gain(decibel) * late(heard_in_a_room(name), delay)
        if noise_decibel is not None:
            sound = sound + noise(noise_decibel, len(sound))
        segments = own_lines(name) + echo_lines(name, delay, same_words=same_words)
        others = [heard(other, voice(other), own_lines(other)) for other in PEOPLE if other != name]
        verdicts.judge(assemble([heard(name, sound, segments), *others]), name)
    return verdicts


@pytest.mark.parametrize("decibel", [-12, -20, -26])
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15, 0.3])
def test_echoes_are_dropped_and_voices_are_kept(decibel: int, delay: float) -> None:
    verdicts = meeting(decibel, delay, None)
    print(decibel, delay, verdicts)
    assert (verdicts.echoes, verdicts.voices) == (48, 24)
    assert verdicts.voices_dropped == 0
    assert verdicts.echoes_kept == 0


@pytest.mark.parametrize(("decibel", "floor"), [(-12, -50), (-20, -60), (-20, -50), (-26, -60)])
def test_noise_hides_few_echoes_and_costs_nobodys_words(decibel: int, floor: int) -> None:
    verdicts = meeting(decibel, 0.15, floor)
    print(decibel, floor, verdicts)
    assert verdicts.voices_dropped == 0
    assert verdicts.echoes_kept / verdicts.echoes <= 0.05


def test_echoes_with_the_same_words_are_dropped_too() -> None:
    assert meeting(-20, 0.15, None, same_words=True).echoes_kept == 0


def test_a_dropped_line_stays_viewable_and_marks_no_overlap() -> None:
    sound = voice("Alice") + gain(-20) * late(heard_in_a_room("Alice"), 0.1)
    alice = heard("Alice", sound, own_lines("Alice") + echo_lines("Alice", 0.1))
    lines = assemble([alice, *(heard(n, voice(n), own_lines(n)) for n in ("Boris", "Clara"))])
    dropped = [line for line in lines if line.dropped]
    assert {line.dropped for line in dropped} == {BLEED}
    assert {line.speaker for line in dropped} == {"Alice"}
    assert all(line.text and line.words for line in dropped)
    assert not any(line.overlap for line in lines)
    said = [(line["speaker"], line["text"]) for line in GOLD]
    assert [(line.speaker, line.text) for line in lines if not line.dropped] == said


@pytest.mark.parametrize("pause", [0.0, 0.5, 1.5])
@pytest.mark.parametrize("decibel", [0, -10])
def test_who_repeats_anothers_words_later_is_kept(pause: float, decibel: float) -> None:
    """Even with the very same sound, after `pause` seconds, into a quiet microphone."""
    line = next(line for line in GOLD if line["speaker"] == "Boris")
    first, last = round(line["start"] * RATE), round(line["end"] * RATE)
    shift = line["end"] - line["start"] + pause
    repeated = np.zeros_like(voice("Alice"))
    begin = first + round(shift * RATE)
    repeated[begin : begin + last - first] = voice("Boris")[first:last] * gain(decibel)
    boris = np.zeros_like(repeated)
    boris[first:last] = voice("Boris")[first:last]
    again = segment(line["start"] + shift, line["end"] + shift, line["text"])
    lines = assemble(
        [
            heard("Alice", repeated, [again]),
            heard("Boris", boris, [segment(line["start"], line["end"], line["text"])]),
        ]
    )
    assert [(line.speaker, line.dropped) for line in lines] == [("Boris", None), ("Alice", None)]


@pytest.mark.parametrize("decibel", [0, -10, -15])
@pytest.mark.parametrize("with_echo", [False, True])
def test_people_who_speak_at_once_are_both_kept(decibel: int, with_echo: bool) -> None:
    """Alice has a microphone quieter than Boris's, and his voice may come from her loudspeaker."""
    kept = total = 0
    for seconds in (3, 11, 23, 41, 60):
        boris = np.roll(voice("Boris") + voice("Clara"), seconds * RATE)
        sound = voice("Alice") * gain(decibel)
        if with_echo:
            sound = sound + gain(-26) * late(boris, 0.1)
        lines = assemble(
            [heard("Alice", sound, own_lines("Alice")), heard("Boris", boris, [])],
        )
        kept += sum(line.dropped is None and len(line.words) >= 4 for line in lines)
        total += len(own_lines("Alice"))
    print(decibel, with_echo, kept, total)
    assert kept / total >= 0.95


@pytest.mark.parametrize(("decibel", "lost"), [(0, 0), (-6, 0), (-10, 1)])
def test_a_short_word_said_into_an_echo_is_kept(decibel: int, lost: int) -> None:
    """Half a second of Alice in every line of the others, while her loudspeaker plays them."""
    sound = gain(-20) * late(heard_in_a_room("Alice"), 0.1)
    half = RATE // 2
    words = []
    own = [line for line in GOLD if line["speaker"] == "Alice"]
    for at, line in enumerate(line for line in GOLD if line["speaker"] != "Alice"):
        begin, source = round((line["start"] + 0.5) * RATE), own[at % len(own)]["start"] + 0.1
        spoken = voice("Alice")[round(source * RATE) : round(source * RATE) + half]
        sound[begin : begin + half] += gain(decibel) * spoken
        words.append(segment(begin / RATE, (begin + half) / RATE, "Yes"))
    others = [heard(name, voice(name), []) for name in ("Boris", "Clara")]
    lines = assemble([heard("Alice", sound, words), *others])
    print(decibel, [line.dropped for line in lines])
    assert len(lines) == len(words) == 15
    assert sum(line.dropped is not None for line in lines) <= lost


def test_an_answer_right_after_an_echo_is_cut_from_it() -> None:
    """The recogniser heard Boris's echo and Alice's answer in one go."""
    boris, alice = GOLD[3], GOLD[4]
    sound = np.zeros_like(voice("Alice"))
    first, last = round(alice["start"] * RATE), round(alice["end"] * RATE)
    closer = round((boris["end"] + 0.25) * RATE)
    sound[closer : closer + last - first] = voice("Alice")[first:last]
    sound += gain(-20) * late(voice("Boris"), 0.1)
    moved = closer / RATE - alice["start"]
    echo = segment(boris["start"] + 0.1, boris["end"] + 0.1, as_other_words(boris["text"]))
    answer = segment(alice["start"] + moved, alice["end"] + moved, alice["text"])
    both = Segment(echo.start, answer.end, f"{echo.text} {answer.text}", echo.words + answer.words)
    lines = assemble([heard("Alice", sound, [both]), heard("Boris", voice("Boris"), [])])
    assert [(line.text, line.dropped) for line in lines] == [
        (echo.text, BLEED),
        (answer.text, None),
    ]


def test_tracks_that_began_at_different_times_are_compared_in_one_time() -> None:
    alice = voice("Alice") + gain(-20) * late(heard_in_a_room("Alice"), 0.1)
    cut = 5 * RATE
    echo = echo_lines("Alice", 0.1)[3]
    moved = segment(echo.words[0].start - 5, echo.words[-1].end - 5, echo.text)
    later = HeardTrack(0, "Alice", (moved,), 5.0, envelope.measure(alice[cut:]))
    lines = assemble(
        [later, heard("Boris", voice("Boris"), []), heard("Clara", voice("Clara"), [])]
    )
    assert [(line.dropped, line.start) for line in lines] == [
        (BLEED, pytest.approx(echo.words[0].start, abs=0.01))
    ]


def test_without_envelopes_nothing_is_dropped() -> None:
    line = GOLD[1]
    echo = segment(line["start"], line["end"], line["text"])
    lines = assemble([HeardTrack(0, "Alice", (echo,)), HeardTrack(1, "Boris", (echo,))])
    assert [line.dropped for line in lines] == [None, None]


def test_silence_beside_silence_is_no_echo() -> None:
    silent = envelope.measure(np.zeros(RATE * 3, np.int16))
    assert not is_bleed(silent, [Other(silent)], 0.5, 2.0)
    assert not is_bleed(silent, [], 0.5, 200.0)


def test_an_envelope_is_small_and_comes_back_from_storage() -> None:
    measured = envelope.measure(voice("Boris"))
    stored = envelope.pack(measured)
    back = envelope.unpack(stored)
    assert back is not None
    assert (back == measured).all()
    assert len(stored) < 100 * len(voice("Boris")) / RATE
    assert envelope.unpack(b"") is None
    with pytest.raises(ValueError, match="no stored envelope"):
        envelope.unpack(b"not zlib")


def test_envelopes_of_integers_and_of_floats_agree() -> None:
    floats = voice("Boris")[: 5 * RATE]
    integers = np.round(floats * 32768).clip(-32768, 32767).astype(np.int16)
    difference = envelope.measure(floats).astype(int) - envelope.measure(integers)
    loud = envelope.measure(floats) > 100
    assert abs(difference[loud]).max() <= 2
    assert len(envelope.measure(np.zeros(0, np.int16))) == 0
    assert len(envelope.measure(floats[:1])) == 1


def test_an_envelope_says_decibels_below_full_scale() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    level = envelope.measure(gain(-20) * tone)[20, 1] / 2 - 110
    assert level == pytest.approx(-20, abs=2)
