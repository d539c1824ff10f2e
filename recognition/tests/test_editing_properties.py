"""Whatever people correct, in whatever order: no line is lost or doubled, times stay in order."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from recognition.editing.difference import differences
from recognition.editing.overlay import lay, within_reach
from recognition.editing.values import Correction, Laid, Line

WORDS = st.sampled_from(["yes", "no", "we", "ship", "Monday,", "monday", "—", "budget"])
LINE = st.tuples(
    st.integers(1, 3),  # track
    st.floats(0, 30).map(lambda at: round(at, 2)),
    st.floats(0, 6).map(lambda length: round(length, 2)),
    st.lists(WORDS, min_size=1, max_size=6),
    st.booleans(),  # are the words known one by one
)
ACT = st.tuples(
    st.sampled_from(["text", "speaker", "split", "join"]),
    st.integers(0, 50),  # which line
    st.lists(WORDS, max_size=6),
    st.integers(1, 5),  # where to split
)


def base(rows: list[Any]) -> tuple[Line, ...]:
    lines = []
    for number, (track, start, length, said, timed) in enumerate(rows, 1):
        step = length / len(said)
        words = tuple(
            {
                "word": word,
                "start": round(start + place * step, 3),
                "end": round(start + (place + 1) * step, 3),
                "confidence": 0.5,
            }
            for place, word in enumerate(said)
        )
        end = round(start + length, 3)
        text = " ".join(said)
        lines.append(Line(number, track, f"S{track}", start, end, text, words if timed else ()))
    return lay(lines, []).lines


def correction(number: int, lines: tuple[Line, ...], act: Any) -> Correction | None:
    """One that a person could make on these lines, as the service writes it."""
    kind, which, said, at = act
    line = lines[which % len(lines)]
    after: dict[str, Any] = {"line": line.id}
    before, end = (line.text,), line.end
    if kind == "text":
        after["text"] = " ".join(said)
    elif kind == "speaker":
        after["speaker"] = f"P{which % 4}"
    elif kind == "split":
        if at >= len(line.text.split()):
            return None
        after |= {"at": at, "id": 1000 + number, "speaker": ""}
    else:
        place = lines.index(line)
        other = next((one for one in lines[place + 1 :] if one.track == line.track), None)
        if other is None:
            return None
        before, end = (line.text, other.text), other.end
    return Correction(number, kind, line.track, line.start, end, before, after)


def act_on(start: tuple[Line, ...], acts: list[Any]) -> tuple[list[Correction], Laid]:
    """People correct one after another, each what he sees."""
    made: list[Correction] = []
    laid = Laid(start, ())
    for number, act in enumerate(acts, 1):
        one = correction(number, laid.lines, act) if laid.lines else None
        if one is not None:
            made.append(one)
            laid = lay(laid.lines, [one])
            assert laid.lost == (), "it was made on words that stand there"
    return made, laid


def check(laid: Laid) -> None:
    ids = [line.id for line in laid.lines]
    assert len(ids) == len(set(ids))
    starts = [line.start for line in laid.lines]
    assert starts == sorted(starts)
    for line in laid.lines:
        assert line.start <= line.end
        assert line.text.strip()
        if line.words:
            assert [word["word"] for word in line.words] == line.text.split()
            assert all(word["start"] <= word["end"] for word in line.words)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(st.lists(LINE, min_size=1, max_size=6), st.lists(ACT, max_size=8))
def test_laying_at_once_is_correcting_one_after_another(rows: list[Any], acts: list[Any]) -> None:
    start = base(rows)
    made, step_by_step = act_on(start, acts)
    at_once = lay(start, made)
    assert at_once == replace(step_by_step, lost=())
    check(at_once)
    assert lay(start, []).lines == start
    assert list(differences(at_once.lines, at_once.lines)) == []


@settings(deadline=None, max_examples=150, derandomize=True)
@given(
    st.lists(LINE, min_size=1, max_size=6),
    st.lists(ACT, max_size=8),
    st.lists(LINE, max_size=6),
    st.data(),
)
def test_any_of_them_over_any_version_leaves_a_sound_transcript(
    rows: list[Any], acts: list[Any], heard_anew: list[Any], data: Any
) -> None:
    made, _ = act_on(base(rows), acts)
    kept = [one for one in made if data.draw(st.booleans())]  # the others were taken back
    for version in (base(rows), tuple(replace(one, id=one.id + 100) for one in base(heard_anew))):
        laid = lay(version, kept)
        check(laid)
        assert set(laid.lost) <= {one.id for one in kept}
        touched = {edit for line in laid.lines for edit in line.edits}
        assert not touched & set(laid.lost)
        near = within_reach(kept)
        for line in version:
            if not near(line.track, line.start):
                assert line in laid.lines


@settings(deadline=None, max_examples=150, derandomize=True)
@given(LINE, st.integers(1, 5))
def test_a_split_is_undone_by_a_join(row: Any, at: int) -> None:
    (line,) = start = base([row])
    made, laid = act_on(start, [("split", 0, [], at), ("join", 0, [], 1)])
    (whole,) = laid.lines
    assert (whole.id, whole.text, whole.words) == (line.id, line.text, line.words)
    assert whole.start == line.start
    assert len(made) in (0, 2)
