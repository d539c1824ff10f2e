"""Making entries true: all of them, or none."""

from typing import Any

from django.db import transaction

from common.errors import SaiError
from sai.apply.mistakes import Mistake, Mistakes, path_of
from sai.apply.reading import Declared, Reading, sections


def apply(reading: Reading) -> dict[str, list[dict[str, Any]]]:
    """What became of each entry, by section. Raises Mistakes, and then nothing has changed.

    A file with mistakes is tried all the same, so that all of them are told at once.
    """
    known = sections()
    answer: dict[str, list[dict[str, Any]]] = {}
    found = list(reading.mistakes)
    with transaction.atomic():
        for one in reading.declared:
            try:
                with transaction.atomic():
                    applied = known[one.section].declare(one.entry)
                answer.setdefault(one.section, []).append(applied.as_dict())
            except SaiError as error:
                if not _leans_on(one, reading.broken):
                    found.append(Mistake(_path(one, error), error.message))
        if found:
            raise Mistakes(found)
    return answer


def _leans_on(one: Declared, broken: frozenset[str]) -> bool:
    values = one.entry.model_dump(exclude={"name"}).values()
    return any(isinstance(value, str) and value in broken for value in values)


def _path(one: Declared, error: SaiError) -> str:
    fields = [name for name in error.details if name in type(one.entry).model_fields]
    return path_of(one.section, one.place, *(fields if len(fields) == 1 else []))
