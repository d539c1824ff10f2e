"""Tracks become one conversation; how lines are cut, joined, named and marked."""

import random
import time

import pytest

from recognition.assembly.lines import assemble
from recognition.assembly.splitting import LONGEST_SECONDS, LONGEST_TEXT
from recognition.assembly.values import HeardTrack, Line, Segment, Word, read_segments


def said(text: str, start: float, *, pace: float = 0.4, speaker: str = "") -> Segment:
    """A segment whose words follow each other every `pace` seconds."""
    words = tuple(
        Word(word, start + at * pace, start + at * pace + 0.3, 0.5 + at / 1000)
        for at, word in enumerate(text.split())
    )
    return Segment(start - 0.3, words[-1].end + 0.3, text, words, speaker)


def track(number: int, name: str, *segments: Segment, offset: float = 0.0) -> HeardTrack:
    return HeardTrack(number, name, segments, offset)


def shown(lines: list[Line]) -> list[tuple[str, str]]:
    return [(line.speaker, line.text) for line in lines]


def test_tracks_become_a_conversation_in_order_of_time() -> None:
    lines = assemble(
        [
            track(1, "Alice", said("Good morning.", 1.0), said("Are you ready?", 9.0)),
            track(2, "Boris", said("Hello Alice.", 5.0), said("Yes.", 12.0)),
        ]
    )
    assert shown(lines) == [
        ("Alice", "Good morning."),
        ("Boris", "Hello Alice."),
        ("Alice", "Are you ready?"),
        ("Boris", "Yes."),
    ]
    assert (lines[0].start, lines[0].end) == (1.0, 1.7)
    assert [word.confidence for word in lines[0].words] == [0.5, 0.501]
    assert not any(line.overlap or line.dropped for line in lines)


def test_a_track_that_began_later_is_moved_to_the_recordings_time() -> None:
    late = track(2, "Boris", said("Sorry, I am late.", 1.0), offset=60.0)
    line = assemble([track(1, "Alice", said("Hello.", 70.0)), late])[0]
    assert (line.speaker, line.start) == ("Boris", 61.0)
    assert line.words[0].start == 61.0


def test_a_long_pause_begins_a_new_line_with_its_own_punctuation() -> None:
    first, second = said("So — this is it,", 1.0), said("isn’t it?", 6.0)
    segment = Segment(0.7, 7.0, "So — this is it, isn’t it?", first.words + second.words)
    lines = assemble([track(1, "Alice", segment)])
    assert [line.text for line in lines] == ["So — this is it,", "isn’t it?"]
    assert [line.start for line in lines] == [1.0, 6.0]


def test_text_without_spaces_stays_without_them() -> None:
    words = (Word("会議", 1, 1.5), Word("を", 1.5, 1.7), Word("始め", 4, 4.5), Word("ます", 4.5, 5))
    lines = assemble([track(1, "Alice", Segment(1, 5, "会議を、始めます。", words))])
    assert [line.text for line in lines] == ["会議を、", "始めます。"]


def test_words_that_differ_from_the_text_are_written_one_after_the_other() -> None:
    words = (Word(" one", 1, 1.5), Word(" two", 4, 4.5))
    lines = assemble([track(1, "Alice", Segment(1, 5, "1 2", words))])
    assert [line.text for line in lines] == ["one", "two"]
    assert lines[0].words[0].word == "one"


def test_neighbours_with_a_tiny_gap_become_one_line() -> None:
    lines = assemble(
        [track(1, "Alice", said("First part", 1.0), said("second part.", 2.2), said("Later.", 9.0))]
    )
    assert [line.text for line in lines] == ["First part second part.", "Later."]
    assert len(lines[0].words) == 4


def test_neighbours_stay_apart_when_somebody_answers_in_between() -> None:
    alice = track(1, "Alice", said("Do you agree?", 1.0), said("Good.", 2.6))
    lines = assemble([alice, track(2, "Boris", said("Yes.", 2.25))])
    assert shown(lines) == [("Alice", "Do you agree?"), ("Boris", "Yes."), ("Alice", "Good.")]


def test_a_monologue_is_cut_after_sentences_into_readable_lines() -> None:
    sentence = "We looked at all of the numbers of the last quarter again."
    lines = assemble([track(1, "Alice", said(" ".join([sentence] * 40), 1.0))])
    assert len(lines) > 5
    assert all(line.end - line.start <= LONGEST_SECONDS for line in lines)
    assert all(len(line.text) <= LONGEST_TEXT for line in lines)
    assert all(line.text.endswith(".") for line in lines)
    assert " ".join(line.text for line in lines) == " ".join([sentence] * 40)
    assert sum(len(line.words) for line in lines) == 40 * len(sentence.split())


def test_people_who_speak_at_once_are_both_marked() -> None:
    lines = assemble(
        [
            track(1, "Alice", said("I think that we should wait.", 1.0), said("Well.", 30.0)),
            track(2, "Boris", said("No, never!", 2.0), said("Right.", 30.29)),
            track(3, "Clara", said("Listen to each other.", 10.0)),
        ]
    )
    assert {line.text: line.overlap for line in lines} == {
        "I think that we should wait.": True,
        "No, never!": True,
        "Listen to each other.": False,
        "Well.": False,
        "Right.": False,
    }


def test_nothing_heard_gives_no_line() -> None:
    empty = Segment(1.0, 2.0, "  ", ())
    hollow = Segment(3.0, 4.0, "", (Word(" ", 3.0, 3.1),))
    assert assemble([track(1, "Alice"), track(2, "Boris", empty, hollow)]) == []
    assert assemble([]) == []


def test_a_segment_without_word_times_is_one_line() -> None:
    stored = [{"start": 1, "end": 4.5, "text": " Hello there. "}]
    line = assemble([HeardTrack(1, "Alice", read_segments(stored))])[0]
    assert (line.start, line.end, line.text, line.words) == (1.0, 4.5, "Hello there.", ())


def test_stored_segments_are_read_with_their_words() -> None:
    stored = [
        {
            "start": 1.0,
            "end": 2.0,
            "text": "Hello you",
            "confidence": 0.5,
            "language": "en",
            "words": [
                {"word": "Hello", "start": 1.0, "end": 1.4, "confidence": 0.9},
                {"word": "you", "start": 1.5, "end": 2.0, "confidence": None},
            ],
        }
    ]
    assert read_segments(stored) == (
        Segment(1.0, 2.0, "Hello you", (Word("Hello", 1.0, 1.4, 0.9), Word("you", 1.5, 2.0, None))),
    )


def test_speakers_that_the_engine_told_apart_keep_their_labels() -> None:
    mixed = track(1, "mixed", said("Hello.", 1.0, speaker="A"), said("Hi.", 1.9, speaker="B"))
    assert shown(assemble([mixed])) == [("A", "Hello."), ("B", "Hi.")]
    room = track(2, "Room", said("One.", 5.0, speaker="A"), said("Two.", 8.0, speaker="B"))
    alone = track(3, "Clara", said("Three.", 11.0, speaker="A"))
    assert shown(assemble([room, alone])) == [
        ("Room: A", "One."),
        ("Room: B", "Two."),
        ("Clara", "Three."),
    ]


def test_a_track_without_a_name_has_a_numbered_speaker() -> None:
    tracks = [track(1, "Alice", said("Hello.", 1.0)), track(2, "", said("Hi.", 5.0))]
    assert assemble(tracks, speaker_label="Участник {number}")[1].speaker == "Участник 2"


def test_ten_tracks_of_an_hour_take_less_than_two_seconds_and_no_chance() -> None:
    tracks = [
        track(
            number,
            f"Person {number}",
            *(
                said("We have to talk about the budget of the year. " * 3, 4.0 * number + 40.0 * at)
                for at in range(90)
            ),
        )
        for number in range(10)
    ]
    started = time.process_time()
    lines = assemble(tracks)
    assert time.process_time() - started < 2.0
    assert len(lines) >= 900
    shuffled = [
        HeardTrack(t.id, t.name, tuple(random.Random(5).sample(t.segments, 90))) for t in tracks
    ]
    random.Random(6).shuffle(shuffled)
    assert assemble(shuffled) == lines


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_no_word_is_lost_when_words_overlap_or_have_wrong_times(count: int) -> None:
    chance = random.Random(count)
    words = tuple(
        Word(f"w{at}", start := chance.uniform(0, 40), start + chance.uniform(-1, 2))
        for at in range(count)
    )
    segment = Segment(0.0, 40.0, " ".join(word.word for word in words), words)
    lines = assemble([track(1, "Alice", segment)])
    assert sorted(word.word for line in lines for word in line.words) == sorted(
        word.word for word in words
    )
    assert all(line.end >= line.start for line in lines)
    assert all(word.end >= word.start for line in lines for word in line.words)
