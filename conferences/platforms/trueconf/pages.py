"""Lists page by page, both generations, whatever a server does with its pages.

Pages may overlap: a row is given once. A server may repeat a page for ever: a page without a new
row is the last. `results` and `cnt` are taken as the length of the whole list, but not believed
where the first page is just as long as they say.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from conferences.platforms.unstated import inside

Row = dict[str, Any]
Ask = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Asks for one page: query -> answer."""
PAGE_SIZE: Final = 200
MOST_PAGES: Final = 2000


@dataclass(slots=True)
class _Heap:
    """What has come so far."""

    keys: set[bytes] = field(default_factory=set)
    pages: int = 0

    def add(self, rows: list[Row]) -> list[Row]:
        """Those that are new."""
        self.pages += 1
        fresh = []
        for row in rows:
            if (key := _key(row)) not in self.keys:
                self.keys.add(key)
                fresh.append(row)
        return fresh


def _key(row: Row) -> bytes:
    """Of the whole row: names of ids are not the same everywhere. Short: a list may be endless."""
    text = json.dumps(row, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def rows_of(answer: Mapping[str, Any], *names: str) -> list[Row]:
    """The list under the first of these names that is there, else the only list of the answer.

    A name with dots goes into nested objects.
    """
    for name in names:
        if isinstance(found := inside(answer, name), list):
            return [row for row in found if isinstance(row, dict)]
    lists = [value for value in answer.values() if isinstance(value, list)]
    return [row for row in lists[0] if isinstance(row, dict)] if len(lists) == 1 else []


def by_number(ask: Ask, *names: str, size: int = PAGE_SIZE) -> Iterator[Row]:
    """v4: `page` from 1 and `page_size`; the answer says `results` or `cnt`."""
    heap = _Heap()
    while heap.pages < MOST_PAGES:
        answer = ask({"page": heap.pages + 1, "page_size": size})
        rows = rows_of(answer, *names)
        fresh = heap.add(rows)
        yield from fresh
        if not fresh or _is_whole(answer, heap, rows):
            return


def _is_whole(answer: Mapping[str, Any], heap: _Heap, rows: list[Row]) -> bool:
    total = _number(answer.get("results"))
    if total is None:
        total = _number(answer.get("cnt"))
    if total is None or len(heap.keys) < total:
        return False
    # Should `cnt` be the length of this page alone, the list may go on: limits are round numbers.
    return not (total == len(rows) and total % 10 == 0)


def by_id(ask: Ask, *names: str, size: int = PAGE_SIZE) -> Iterator[Row]:
    """v3: `page_id` and `page_size`; the answer says `next_page_id` (-1: no more) or `cnt`."""
    heap, page_id, gone = _Heap(), 0, {0}
    while heap.pages < MOST_PAGES:
        answer = ask({"page_id": page_id, "page_size": size})
        rows = rows_of(answer, *names)
        fresh = heap.add(rows)
        yield from fresh
        says = _number(answer.get("next_page_id"))
        if says is None and _is_whole(answer, heap, rows):
            return
        page_id = page_id + 1 if says is None else says
        if not fresh or page_id < 0 or page_id in gone:
            return
        gone.add(page_id)


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None
