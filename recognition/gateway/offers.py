"""What an engine is given: the next step that it can do, made into an offer. Synchronous."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from common.errors import SaiError
from engines.protocol import (
    Offer,
    OfferedFile,
    SummarizeOffer,
    SummarizeParams,
    TranscribeOffer,
    TranscribeParams,
)
from recognition.gateway import exchange, kinds, signing
from recognition.gateway.exchange import Exchange, Unsafe, readable_name
from recognition.models import EngineRequest
from recordings import hints
from recordings.choices import StepStatus
from recordings.models import StepRun, Track
from recordings.pipeline import leases, remote, runner
from recordings.pipeline.errand import Errand
from recordings.pipeline.step import Context, Step, Stopped, load

logger = logging.getLogger(__name__)
MOST_SKIPPED = 50
"""Steps in a row that need no engine; then it is somebody else's turn."""


@dataclass(frozen=True, slots=True)
class Taker:
    """The engine that asks for work. `engine` is its row."""

    engine: int
    worker: str
    capabilities: tuple[str, ...]
    languages: tuple[str, ...]
    shared_files: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """A claimed step and what its engine is told; `seconds` it may take."""

    step: StepRun
    message: Offer
    seconds: float


def make(taker: Taker, unwanted: Sequence[int]) -> Offered | None:
    """Claims the next step for this engine; None when there is none for it."""
    wanted = kinds.wanted(taker.capabilities, taker.languages, unwanted)
    if not wanted.steps:
        return None
    for _ in range(MOST_SKIPPED):
        step = remote.claim(wanted, worker=taker.worker)
        if step is None:
            return None
        step.worker = taker.worker
        try:
            if offered := _prepare(step, taker):
                return offered
        except Stopped:
            continue
        except Exception as error:  # noqa: BLE001  it ends this step, not the gateway
            runner.end_badly(step, _explained(error))
    return None


def _explained(error: Exception) -> Exception:
    return SaiError("The exchange directory is not safe.") if isinstance(error, Unsafe) else error


def _prepare(step: StepRun, taker: Taker) -> Offered | None:
    """None where nothing is to be done: then it is settled."""
    context, work = Context(step), load(step.step)()
    if not work.applies_to(context):
        _settle(step, StepStatus.SKIPPED)
        return None
    errand = work.offer(context)
    if not errand.tracks and not errand.text:
        _settle(step, StepStatus.DONE)
        return None
    EngineRequest.objects.create(
        step=step, attempt=step.attempt, engine_id=taker.engine, kind=work.kind
    )
    return Offered(step, _message(step, work, errand, taker), work.time_limit.total_seconds())


def _settle(step: StepRun, status: StepStatus) -> None:
    for queue in leases.settle(step, status) or ():
        hints.wake(queue)


def _message(step: StepRun, work: Step, errand: Errand, taker: Taker) -> Offer:
    name, attempt = str(step.pk), step.attempt
    if work.kind == "summarize":
        params = SummarizeParams.model_validate(errand.params)
        return SummarizeOffer(
            request_id=name, attempt=attempt, prompt=errand.prompt, text=errand.text, params=params
        )
    place = exchange.find() if taker.shared_files else None
    return TranscribeOffer(
        request_id=name,
        attempt=attempt,
        source_dir=f"source/{name}" if place else "",
        result_dir=place.make_result(step.pk, attempt) if place else "",
        files=_files(step, errand.tracks, place),
        params=TranscribeParams.model_validate(errand.params),
        upload_url="" if place else signing.up(step.pk, attempt),
    )


def _files(step: StepRun, tracks: Sequence[Track], place: Exchange | None) -> list[OfferedFile]:
    names = place.lend(step.pk, tracks) if place else [readable_name(track) for track in tracks]
    return [_file(step, track, name) for track, name in zip(tracks, names, strict=True)]


def _file(step: StepRun, track: Track, name: str) -> OfferedFile:
    assert track.file_id is not None
    return OfferedFile(
        name=name,
        track=track.pk,
        participant=track.name,
        url=signing.down(step.pk, step.attempt, track.file_id, name),
        regions=[(start, end) for start, end in track.regions] or None,
    )
