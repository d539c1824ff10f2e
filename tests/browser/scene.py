"""Something to look at: a meeting with its words and summary, and recordings in every state."""

import io
import math
import struct
import tempfile
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts.models import User
from analytics.models import Prompt, Summary
from notifications.models import Notice
from recognition import index
from recognition.models import IndexEntry, Phrase, Transcript
from recordings.choices import Kind, RecordingStatus, RunStatus, StepStatus
from recordings.models import Recording, Run, StepRun, Track
from recordings.storage import files

SPEAKERS = ["Анна Петрова", "Игорь Семёнов", "Mark Weber"]
TALK = [
    (0, "Доброе утро. Начнём с бюджета на следующий квартал."),
    (1, "Я посчитал: нам нужно двести сорок тысяч рублей, и решение должно быть до пятницы."),
    (2, "I can prepare the figures for the servers by Wednesday."),
    (0, "Хорошо. Марк готовит цифры по серверам к среде, Игорь проверяет договор."),
    (1, "Договор проверю завтра. Ещё вопрос: кто поедет в Казань?"),
    (0, "Ёлки, про Казань я забыла. Давайте решим сейчас."),
    (2, "I would rather stay. <script>alert(1)</script> is what the tracker shows."),
    (1, "Тогда поеду я, двенадцатого декабря."),
    (0, "Решено: Игорь едет в Казань двенадцатого декабря. Всем спасибо."),
]
ITEMS = [
    ("Бюджет на следующий квартал: двести сорок тысяч рублей, решение до пятницы.", [1], True),
    ("Марк готовит цифры по серверам к среде, Игорь проверяет договор.", [2, 3], True),
    ("В Казань двенадцатого декабря едет Игорь.", [7, 8], True),
    ("Команда довольна новым подрядчиком и хочет продлить договор на год.", [4], False),
]
PHRASE_S = 4.0


def tone(seconds: float, hertz: float, rate: int = 8000) -> bytes:
    """A quiet tone as a WAV file."""
    count = int(seconds * rate)
    samples = [int(4000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(rate)]
    second = struct.pack(f"<{rate}h", *samples)
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((second * (count // rate + 1))[: count * 2])
    return made.getvalue()


def person(name: str = "anna", **fields: Any) -> User:
    return User.objects.create_user(username=name, password="correct horse battery", **fields)


def meeting(
    owner: User, *, repeats: int = 1, title: str = "Планёрка: бюджет и Казань"
) -> Recording:
    """A finished meeting of three people; `repeats` makes it longer."""
    duration = len(TALK) * PHRASE_S * repeats
    made = Recording.objects.create(
        owner=owner,
        title=title,
        kind=Kind.MEETING,
        duration=duration,
        language="ru",
        status=RecordingStatus.DONE,
    )
    for position, name in enumerate(SPEAKERS):
        _track(made, position, name, min(duration, 60.0))
    transcript = _transcript(made, repeats)
    _summary(made, transcript)
    return made


def _track(recording: Recording, position: int, name: str, seconds: float) -> Track:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.wav"
        path.write_bytes(tone(seconds, 220 * (position + 2)))
        stored = files.publish(path, content_type="audio/wav")
    return Track.objects.create(
        recording=recording,
        position=position,
        name=name,
        file=stored,
        format="wav",
        duration=seconds,
    )


def _transcript(recording: Recording, repeats: int) -> Transcript:
    transcript = Transcript.objects.create(
        recording=recording, version=1, language="ru", engine="faster-whisper large-v3"
    )
    tracks = list(recording.tracks.all())
    lines = [
        _phrase(transcript, tracks, round_ * len(TALK) + number, *TALK[number])
        for round_ in range(repeats)
        for number in range(len(TALK))
    ]
    echo = _phrase(transcript, tracks, len(lines), 2, "нам нужно двести сорок тысяч")
    echo.dropped, echo.start, echo.end, echo.words = "bleed", 4.4, 6.0, []
    Phrase.objects.bulk_create([*lines, echo])
    index.replace(
        recording,
        IndexEntry.Kind.PHRASE,
        [{"object_id": one.pk, "text": one.text, "start": one.start} for one in lines],
    )
    index.replace_title(recording)
    return transcript


def _phrase(
    transcript: Transcript, tracks: list[Track], position: int, who: int, text: str
) -> Phrase:
    start = position * PHRASE_S + 0.2
    spoken = text.split()
    step = (PHRASE_S - 0.8) / len(spoken)
    words = [
        {
            "word": word,
            "start": round(start + number * step, 3),
            "end": round(start + (number + 0.9) * step, 3),
            "confidence": 0.31 if number % 7 == 5 else 0.96,
        }
        for number, word in enumerate(spoken)
    ]
    return Phrase(
        transcript=transcript,
        track=tracks[who],
        position=position,
        speaker=SPEAKERS[who],
        start=start,
        end=start + PHRASE_S - 0.6,
        text=text,
        words=words,
        overlap=position % len(TALK) == 5,
    )


def _summary(recording: Recording, transcript: Transcript) -> Summary:
    phrases = list(transcript.phrases.filter(dropped=""))
    summary = Summary.objects.create(
        recording=recording,
        transcript=transcript,
        status=Summary.Status.READY,
        engine="TextRank",
        extractive=True,
        coverage=0.86,
    )
    for position, (text, evidence, verified) in enumerate(ITEMS):
        summary.items.create(
            position=position,
            text=text,
            verified=verified,
            evidence=[phrases[number].pk for number in evidence],
        )
    return summary


def others(owner: User) -> dict[str, Recording]:
    """One recording in each state that the list can show."""
    error = {
        "code": "truncated",
        "message": "The file ends in the middle.",
        "retryable": False,
        "next_action": "Copy it again.",
    }
    made = {
        "failed": _plain(owner, "Звонок клиенту «Север»", RecordingStatus.FAILED, error=error),
        "waiting": _plain(owner, "Совещание отдела продаж", RecordingStatus.WAITING_MEDIA),
        "ready": _plain(owner, "Customer interview, part 2", RecordingStatus.READY),
        "cancelled": _plain(owner, "", RecordingStatus.CANCELLED, kind=Kind.VOICE),
        "queued": _plain(owner, "Интервью с кандидатом", RecordingStatus.PROCESSING),
        "running": _plain(owner, "Вебинар о поставках", RecordingStatus.PROCESSING),
    }
    _run(made["running"], RunStatus.RUNNING)
    _run(made["queued"], RunStatus.QUEUED)
    return made


def _plain(owner: User, title: str, status: str, **fields: Any) -> Recording:
    made = Recording.objects.create(
        owner=owner, title=title, duration=1840, **{"status": status, **fields}
    )
    _track(made, 0, "", 5.0)
    return made


def _run(recording: Recording, status: str) -> Run:
    run = Run.objects.create(
        recording=recording, owner_id=recording.owner_id, pipeline="upload", status=status
    )
    names = ["recognition.steps.Prepare", "recognition.steps.Transcribe"]
    names += ["recognition.steps.Assemble", "analytics.steps.Summarise"]
    done = 1 if status == RunStatus.RUNNING else 0
    for position, name in enumerate(names):
        step = StepRun(run=run, recording=recording, position=position, step=name, cost=1840)
        if position < done:
            step.status, step.progress = StepStatus.DONE, 100
        elif position == done and done:
            step.status, step.progress = StepStatus.RUNNING, 42
            step.lease_until = timezone.now() + timedelta(hours=1)
        step.save()
    return run


def notices(reader: User, *recordings: Recording) -> None:
    """What `reader` was told of these, one of them read already, and of one that is gone."""
    about = [("recognised", str(one.pk)) for one in recordings]
    about += [("recognition_failed", str(recordings[-1].pk)), ("summary_ready", "gone")]
    for number, (fact, key) in enumerate(about):
        Notice.objects.create(
            recipient=reader,
            fact=fact,
            object_type="recording",
            object_id=key,
            key=str(number),
            data={"error": recordings[-1].error} if fact == "recognition_failed" else {},
            read_at=None if number else timezone.now(),
        )


def prompts() -> None:
    Prompt.objects.get_or_create(name="minutes", version=1, defaults={"text": "{{ transcript }}"})
