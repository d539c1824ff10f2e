"""Sound that engines made: taken from their folder or sent by them, and kept as files of ours."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import BinaryIO

from django.db import IntegrityError, transaction

from engines.protocol import Result, TranscriptionResult
from recognition.gateway.exchange import Exchange, Unsafe, find
from recognition.gateway.results import BadResult
from recognition.models import EngineOutput, EngineRequest
from recordings.conf import conf
from recordings.models import StepRun, StoredFile
from recordings.storage import files
from recordings.storage.files import Incoming

TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}\.(mp3|wav)")
MOST = 4
"""Files that one request may send."""
HEAD = 12


def format_of(head: bytes) -> str:
    """`mp3`, `wav`, or empty: by its first bytes, never by its name."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2  # sync, layer III
    return "mp3" if head[:3] == b"ID3" or frame else ""


def named(result: Result) -> dict[str, str]:
    """Format -> name of the files that a result speaks of."""
    if not isinstance(result, TranscriptionResult) or result.audio is None:
        return {}
    names = {"mp3": result.audio.mp3, "wav": result.audio.wav}
    return {format: name for format, name in names.items() if name}


def gather(result: Result, *, step: StepRun, request: EngineRequest) -> list[EngineOutput]:
    """Rows, not yet saved, of what stands in the folder; their bytes are durable already.

    What was sent instead has a row. Raises BadResult where there is neither, or no such sound.
    """
    made: list[EngineOutput] = []
    if not named(result):
        return made
    exchange, sent = find(), set(request.outputs.values_list("name", flat=True))
    for format, name in named(result).items():
        if name in sent:
            continue
        stored = _take(exchange, step, name, format)
        made.append(output(request, step, stored, name, format, taken=True))
    return made


def _take(exchange: Exchange | None, step: StepRun, name: str, format: str) -> StoredFile:
    if exchange is None:
        raise BadResult(f"audio.{format}: it was not sent")
    try:
        with exchange.open_result(step.pk, step.attempt, name) as file:
            return place(_copied(file), format)
    except (FileNotFoundError, Unsafe):
        raise BadResult(f"audio.{format}: no such file in result_dir") from None


def _copied(file: BinaryIO) -> Incoming:
    limit = conf().upload_limit_bytes
    file.seek(0, 2)
    if file.tell() > limit:
        raise BadResult(f"audio: larger than {limit} bytes")
    file.seek(0)
    return files.stage(file)


def place(incoming: Incoming, format: str) -> StoredFile:
    """Makes it a file of ours, its row unsaved. Raises BadResult when it is something else."""
    try:
        with open(incoming.path, "rb") as file:
            if format_of(file.read(HEAD)) != format:
                raise BadResult(f"audio.{format}: not a file of that format")
        return files.place(incoming, content_type=TYPES[format])
    finally:
        incoming.discard()


def output(
    request: EngineRequest, step: StepRun, file: StoredFile, name: str, format: str, *, taken: bool
) -> EngineOutput:
    return EngineOutput(
        recording_id=step.recording_id,
        track_id=step.track_id,
        request=request,
        file=file,
        name=name,
        format=format,
        taken=taken,
    )


def save(made: Sequence[EngineOutput]) -> None:
    """In the caller's transaction."""
    for one in made:
        one.file.save(force_insert=True)
        one.save()


def keep(request: EngineRequest, made: Sequence[EngineOutput], result: Result) -> None:
    """What the result names counts from now on, instead of what an earlier run made."""
    names = set(named(result).values())
    if not names:
        return
    save(made)
    request.outputs.filter(name__in=names).update(taken=True)
    step = request.step
    made_of_it = EngineOutput.objects.filter(recording=step.recording_id, track=step.track)
    drop(made_of_it.exclude(request=request).select_related("file"))


def drop(outputs: Iterable[EngineOutput]) -> None:
    """Deletes rows and, after the commit, their bytes."""
    rows = list(outputs)
    kept = [row.file for row in rows]
    EngineOutput.objects.filter(pk__in=[row.pk for row in rows]).delete()
    files.discard(kept)


def receive(request: EngineRequest, name: str, incoming: Incoming) -> EngineOutput:
    """Sound that an engine sent, waiting for the result that names it. The same name: replaced.

    Raises BadResult.
    """
    found = NAME.fullmatch(name)
    if found is None:
        raise BadResult("the name of a file is plain and ends in .mp3 or .wav")
    others = request.outputs.exclude(name=name).count()
    if others >= MOST:
        raise BadResult(f"at most {MOST} files for one request")
    stored = place(incoming, found[1])
    made = output(request, request.step, stored, name, found[1], taken=False)
    try:
        with transaction.atomic():
            drop(request.outputs.select_related("file").filter(name=name))
            save([made])
    except IntegrityError:
        with suppress(Exception):
            files.remove([stored])
        raise BadResult("the same file is being sent twice") from None
    return made
