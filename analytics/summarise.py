"""From phrases to a checked summary: one question while it fits, map and reduce beyond. Pure.

Map: every part of the transcript is asked on its own; reduce: the items of all parts are merged,
again part by part while there are too many. A merged item may cite only phrases that its inputs
cited. Nothing is silently cut: what can't be merged further is kept as it is. At the end code
checks every item against its phrases (evidence.py).
"""

import hashlib
import re
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field

from analytics import extractive, prompting
from analytics.chunks import cost, estimate_tokens, group, split_lines
from analytics.evidence import Evidence, Item, PhraseText, Verdict
from analytics.prompting import Draft
from analytics.words import language_of
from engines.errors import EngineError
from engines.errors import gettext_noop as _
from engines.llm.base import LanguageModel, Usage, never_cancelled
from engines.llm.failures import failed

# A quarter of the context is left to the answer; the schema may stand in the prompt.
ANSWER_SHARE = 0.25
SCHEMA_TOKENS = 200
LEAST_BUDGET = 600
# Merging stops when a round shortens the notes by less than this share.
LEAST_GAIN = 0.1
# A talk longer than this has something to summarise.
TALK_TOKENS = 200

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class CheckedItem:
    """An item, whose evidence are real phrase ids, and what code says about it."""

    item: Item
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class SummaryDraft:
    """A finished summary. ``coverage``: see Evidence.coverage; ``text``: one item per line."""

    text: str
    items: tuple[CheckedItem, ...]
    coverage: float
    engine: str
    usage: Usage
    extractive: bool


@dataclass(frozen=True, slots=True)
class _Note:
    """An item on its way: evidence by line numbers; strayed when it cited what it was not shown."""

    text: str
    evidence: tuple[int, ...]
    strayed: bool = False

    def __str__(self) -> str:
        return f"- {self.text} [{', '.join(map(str, self.evidence))}]"


def summarise(
    phrases: Sequence[PhraseText],
    model: LanguageModel | None,
    *,
    question: str = "",
    language: str = "",
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = never_cancelled,
    memory: MutableMapping[str, str] | None = None,
) -> SummaryDraft:
    """Summarise phrases with a model, or extractively without one.

    ``question`` is what the user wants to know (default: a general summary); ``language`` a code
    such as ``ru``, by default the transcript's own. ``progress(done, total)`` counts questions;
    the total may grow. ``memory`` keeps answers by a hash of the whole question: give the same one
    when trying again, and no part is paid for twice. Raises EngineError (``cancelled`` included).
    """
    language = language or language_of(" ".join(phrase.text for phrase in phrases))
    if model is None:
        return _without_model(phrases, cancelled)
    asker = _Asker(model, question, language, progress, cancelled, {} if memory is None else memory)
    notes = asker.notes_of(phrases)
    evidence = Evidence(phrases)
    checked = _check(notes, evidence)
    profile = model.profile
    return _draft(checked, evidence, f"{profile.name}/{profile.model}", asker.usage)


CITED = re.compile(r"\s*\[([\d\s,;]+)\]")
BULLET = re.compile(r"^\s*(?:[-*•–—]|\d{1,3}[.)])\s+")


def from_text(phrases: Sequence[PhraseText], text: str, *, engine: str) -> SummaryDraft:
    """A summary that somebody else wrote about `remote_text(phrases)`: a statement per line, the
    numbers of its phrases in brackets. What cites nothing stays, and is not verified."""
    evidence = Evidence(phrases)
    notes = []
    for line in text.splitlines():
        numbers = [int(n) for found in CITED.findall(line) for n in re.findall(r"\d{1,9}", found)]
        real = tuple(n for n in dict.fromkeys(numbers) if 0 < n <= len(phrases))
        said = prompting.one_line(BULLET.sub("", CITED.sub("", line)))[: prompting.LONGEST_ITEM]
        if said:
            notes.append(_Note(said, real, strayed=len(real) < len(set(numbers))))
    return _draft(_check(notes[: prompting.MOST_ITEMS], evidence), evidence, engine, Usage())


def _without_model(phrases: Sequence[PhraseText], cancelled: Callable[[], bool]) -> SummaryDraft:
    items = extractive.summarise(phrases, cancelled=cancelled)
    if cancelled():
        raise failed("cancelled", name=extractive.ENGINE, model=extractive.ENGINE)
    checked = [CheckedItem(item, Verdict()) for item in items]
    return _draft(checked, Evidence(phrases), extractive.ENGINE, Usage())


def _draft(
    checked: Sequence[CheckedItem], evidence: Evidence, engine: str, usage: Usage
) -> SummaryDraft:
    verified = [one.item for one in checked if one.verdict.verified]
    return SummaryDraft(
        text="\n".join(one.item.text for one in checked),
        items=tuple(checked),
        coverage=evidence.coverage(verified),
        engine=engine,
        usage=usage,
        extractive=engine == extractive.ENGINE,
    )


def _check(notes: Iterable[_Note], evidence: Evidence) -> list[CheckedItem]:
    checked = []
    for note in notes:
        item = Item(note.text, tuple(evidence.phrases[number - 1].id for number in note.evidence))
        verdict = evidence.check(item)
        if note.strayed:
            verdict = Verdict(tuple(dict.fromkeys(("unknown_phrase", *verdict.problems))))
        checked.append(CheckedItem(item, verdict))
    return checked


@dataclass
class _Asker:
    """Asks one model about one transcript, counting questions and tokens."""

    model: LanguageModel
    question: str
    language: str
    progress: Progress
    cancelled: Callable[[], bool]
    memory: MutableMapping[str, str]
    usage: Usage = field(default_factory=Usage)
    done: int = 0
    total: int = 0

    def notes_of(self, phrases: Sequence[PhraseText]) -> list[_Note]:
        """Return the items about all phrases, merged when they came from several parts."""
        lines = prompting.lines_of(phrases)
        if not lines:
            return []
        parts = split_lines(lines, self._budget(prompting.question(self.question, self.language)))
        self.total = len(parts) + (len(parts) > 1)
        notes: list[_Note] = []
        for number, part in enumerate(parts, 1):
            asked = prompting.question(self.question, self.language, part=number, parts=len(parts))
            shown = {line.number for line in part}
            notes += self._ask(prompting.transcript_block(part), asked, shown)
        if len(parts) > 1:
            notes = self._merge(_unrepeated(notes))
        if not notes and sum(map(cost, lines)) > TALK_TOKENS:
            profile = self.model.profile
            raise failed("llm_bad_output", name=profile.name, model=profile.model, detail="empty")
        return notes

    def _merge(self, notes: list[_Note]) -> list[_Note]:
        """Merge notes until one question holds them all, or merging gains nothing more."""
        asked = prompting.merging_question(self.question, self.language)
        budget = self._budget(asked)
        while True:
            groups = group(notes, budget)
            self.total = max(self.total, self.done + len(groups) + (len(groups) > 1))
            merged = [note for each in groups for note in self._merge_group(each, asked)]
            shorter = sum(map(cost, merged)) <= (1 - LEAST_GAIN) * sum(map(cost, notes))
            if len(groups) == 1 or not shorter:
                return merged
            notes = merged

    def _merge_group(self, notes: list[_Note], asked: str) -> list[_Note]:
        shown = {number for note in notes for number in note.evidence}
        # A model that answers nothing must not make the notes vanish.
        return self._ask(prompting.notes_block(notes), asked, shown) or notes

    def _ask(self, block: str, asked: str, shown: set[int]) -> list[_Note]:
        draft = self._remembered(block, asked)
        self.done += 1
        self.progress(self.done, max(self.done, self.total))
        notes = (
            _Note(
                prompting.one_line(item.text)[: prompting.LONGEST_ITEM],
                tuple(number for number in dict.fromkeys(item.evidence) if number in shown),
                strayed=not shown.issuperset(item.evidence),
            )
            for item in draft.items[: prompting.MOST_ITEMS]
        )
        return [note for note in notes if note.text]

    def _remembered(self, block: str, asked: str) -> Draft:
        whole = f"{self.model.profile.model}\0{prompting.SYSTEM}\0{block}\0{asked}"
        key = hashlib.sha256(whole.encode()).hexdigest()
        if key in self.memory:
            return Draft.model_validate_json(self.memory[key])
        answer = self.model.ask(
            prompting.SYSTEM, block, asked, output=Draft, cancelled=self.cancelled
        )
        self.usage += answer.usage
        self.memory[key] = answer.value.model_dump_json()
        return answer.value

    def _budget(self, asked: str) -> int:
        """Return the tokens that one block may cost. Raises EngineError for an endless question."""
        context = self.model.profile.context_tokens
        spent = estimate_tokens(prompting.SYSTEM) + estimate_tokens(asked) + SCHEMA_TOKENS
        budget = int(context * (1 - ANSWER_SHARE)) - spent
        if budget < LEAST_BUDGET:
            raise EngineError(
                "prompt_too_long",
                _("The prompt leaves no room for the transcript in the language model's context."),
                retryable=False,
                next_action=_("Shorten the prompt, or raise context_tokens of the profile."),
            )
        return budget


def _unrepeated(notes: Iterable[_Note]) -> list[_Note]:
    """Leave out what two overlapping parts said in the same words about the same phrases."""
    return list({(note.text.casefold(), note.evidence): note for note in notes}.values())
