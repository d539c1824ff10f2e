"""The step that says what a conversation was about."""

from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from typing import Any, ClassVar

from django.utils import timezone

from analytics import prompting, summarise, templating
from analytics.conf import conf
from analytics.evidence import PhraseText
from analytics.models import LanguageAnswer, Prompt, Summary, SummaryItem
from analytics.prompting import TRANSCRIPT_REFERENCE
from analytics.words import language_of
from common.errors import as_stored
from engines.errors import EngineError
from engines.llm.registry import get_language_model
from engines.protocol import SummaryResult
from notifications import events
from recognition import index
from recognition import selectors as recognition
from recognition.models import IndexEntry, Transcript
from recordings.choices import Queue
from recordings.pipeline.errand import Errand
from recordings.pipeline.step import Context, Step, Stopped

DEFAULT_PROMPT = "summary"


class Summarise(Step):
    """A summary of the newest transcript: items whose evidence code has checked.

    Without a language model it is extractive and says so. A model that fails for good fails the
    summary, not the recording: the transcript is there.
    """

    queue: ClassVar[Queue] = Queue.LLM
    time_limit: ClassVar[timedelta] = timedelta(hours=1)
    kind: ClassVar[str] = "summarize"

    def run(self, context: Context) -> None:
        transcript = recognition.transcript_of(context.recording)
        if transcript is None:
            return
        summary = _pending(context, transcript)
        try:
            draft = self._draft(context, transcript, summary)
        except EngineError as error:
            context.check()
            last = context.claimed.failures + 1 >= self.max_failures
            if error.retryable and not last:
                raise
            _fail(context, summary, error)
            return
        _finish(context, summary, draft)

    def offer(self, context: Context) -> Errand:
        transcript = recognition.transcript_of(context.recording)
        if transcript is None:
            return Errand()
        summary = _pending(context, transcript)
        phrases = _phrases(context, transcript)
        asked = _question(context, transcript, summary, phrases)
        language = transcript.language or language_of(" ".join(one.text for one in phrases))
        return Errand(
            prompt=prompting.remote_question(asked, language),
            text=prompting.transcript_block(prompting.lines_of(phrases)),
            params={"language": language},
        )

    def accept(self, context: Context, result: SummaryResult) -> None:
        with context.writing():
            summary = Summary.objects.select_related("transcript").get(run=context.run)
        if summary.transcript is None:
            return
        phrases = _phrases(context, summary.transcript)
        engine = context.claimed.worker
        _finish(context, summary, summarise.from_text(phrases, result.summary, engine=engine))

    def _draft(
        self, context: Context, transcript: Transcript, summary: Summary
    ) -> summarise.SummaryDraft:
        profile = conf().profile
        phrases = _phrases(context, transcript)
        return summarise.summarise(
            phrases,
            get_language_model(profile) if profile else None,
            question=_question(context, transcript, summary, phrases),
            language=transcript.language,
            progress=lambda done, total: context.report(100 * done / max(total, 1)),
            cancelled=lambda: bool(context.stopped),
            memory=_Memory(),
        )


def _phrases(context: Context, transcript: Transcript) -> list[PhraseText]:
    """Lines as people corrected them, with the names that people gave their speakers."""
    names = recognition.names_of(context.recording)
    return [
        PhraseText(
            id=line.id,
            speaker=names.get(line.speaker, line.speaker),
            start=line.start,
            text=line.text,
        )
        for line in recognition.lines_of(transcript).lines
    ]


class _Memory(MutableMapping[str, str]):
    """Answers by a hash of the whole question: a retry after a crash pays for no part twice."""

    def __getitem__(self, key: str) -> str:
        found = LanguageAnswer.objects.filter(pk=key).values_list("answer", flat=True).first()
        if found is None:
            raise KeyError(key)
        return str(found)

    def __setitem__(self, key: str, value: str) -> None:
        LanguageAnswer.objects.update_or_create(pk=key, defaults={"answer": value})

    def __delitem__(self, key: str) -> None:
        LanguageAnswer.objects.filter(pk=key).delete()

    def __iter__(self) -> Iterator[str]:
        return iter(LanguageAnswer.objects.values_list("pk", flat=True))

    def __len__(self) -> int:
        return LanguageAnswer.objects.count()


def _pending(context: Context, transcript: Transcript) -> Summary:
    """This run's summary, put back to its beginning when the step runs again."""
    with context.writing():
        summary, _ = Summary.objects.get_or_create(
            run=context.run, defaults={"recording": context.recording}
        )
        summary.transcript = transcript
        # Before the lines are read: a correction made in between makes it stale, never unnoticed.
        summary.corrections = recognition.mark_of(transcript)
        summary.status = Summary.Status.PENDING
        summary.error = None
        if not summary.prompt_text and summary.prompt is None:
            summary.prompt = Prompt.objects.filter(name=DEFAULT_PROMPT, current=True).first()
        summary.save()
        summary.items.all().delete()
    return summary


def _question(
    context: Context, transcript: Transcript, summary: Summary, phrases: list[PhraseText]
) -> str:
    template = summary.prompt_text or (summary.prompt.text if summary.prompt else "")
    recording = context.recording
    began = timezone.localtime(recording.started_at or recording.created_at)
    variables: dict[str, Any] = {
        "title": recording.title,
        "language": transcript.language,
        "date": f"{began:%Y-%m-%d}",
        "duration": round(recording.duration / 60),
        "kind": recording.kind,
        "speakers": list(dict.fromkeys(phrase.speaker for phrase in phrases if phrase.speaker)),
        "transcript": TRANSCRIPT_REFERENCE,
    }
    return templating.render(template, variables)


def _finish(context: Context, summary: Summary, draft: summarise.SummaryDraft) -> None:
    with context.writing():
        summary.status = Summary.Status.READY
        summary.engine, summary.extractive = draft.engine, draft.extractive
        summary.text, summary.coverage = draft.text, draft.coverage
        summary.usage = {
            "input_tokens": draft.usage.input_tokens,
            "output_tokens": draft.usage.output_tokens,
        }
        summary.save()
        SummaryItem.objects.bulk_create(
            SummaryItem(
                summary=summary,
                position=position,
                text=checked.item.text,
                evidence=list(checked.item.evidence),
                verified=checked.verdict.verified,
                problems=list(checked.verdict.problems),
            )
            for position, checked in enumerate(draft.items)
        )
        _index(context, summary)
        _tell(context, summary, events.SUMMARY_READY)


def _fail(context: Context, summary: Summary, error: EngineError) -> None:
    if error.code == "cancelled":
        raise Stopped("cancelled", code="cancelled")
    with context.writing():
        summary.status = Summary.Status.FAILED
        summary.error = as_stored(error)
        summary.save()
        _tell(context, summary, events.SUMMARY_FAILED)


def _index(context: Context, summary: Summary) -> None:
    """What can be found is the newest summary."""
    entries = [{"object_id": summary.pk, "text": summary.text, "start": None}]
    index.replace(context.recording, IndexEntry.Kind.SUMMARY, entries if summary.text else [])


def _tell(context: Context, summary: Summary, type: str) -> None:
    events.append(
        type,
        object_type="recording",
        object_id=context.recording.pk,
        topic=f"recording:{context.recording.pk}",
        data={"summary": summary.pk},
    )
