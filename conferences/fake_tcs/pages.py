"""Pages of lists, both generations, with the page that repeats a row."""

from collections.abc import Sequence
from typing import Any, TypeVar

from conferences.fake_tcs.state import State
from conferences.fake_tcs.web import Request

Row = TypeVar("Row")
PAGE_SIZE, MOST = 20, 1_000


def page(state: State, request: Request, rows: Sequence[Row]) -> list[Row]:
    """v4: `page` from 1 and `page_size`."""
    return _rows(state, request, rows, request.number("page", 1, least=1) - 1)


def page_by_id(state: State, request: Request, rows: Sequence[Row]) -> tuple[list[Row], int]:
    """v3: `page_id` from 0 and `page_size`; also the next `page_id`, -1 after the last."""
    at = request.number("page_id", 0)
    is_last = (at + 1) * _size(request) >= len(rows)
    return _rows(state, request, rows, at), -1 if is_last else at + 1


def _size(request: Request) -> int:
    return min(MOST, request.number("page_size", PAGE_SIZE, least=1))


def _rows(state: State, request: Request, rows: Sequence[Row], at: int) -> list[Row]:
    start = at * _size(request)
    end = start + _size(request)
    if 0 < start < len(rows) and state.faults.take("doubled_page", request.path):
        start -= 1
    return list(rows[start:end])


def ordered(request: Request, rows: Sequence[dict[str, Any]], default: str) -> list[dict[str, Any]]:
    """By `sort_field` and `sort_order` (0 ascending, 1 descending); what has none comes last."""
    name = request.query.get("sort_field") or default
    found = sorted(
        (row for row in rows if row.get(name) is not None),
        key=lambda row: _key(row[name]),
        reverse=request.query.get("sort_order", "1") == "1",
    )
    return found + [row for row in rows if row.get(name) is None]


def _key(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("date", ""))
    return f"{value:020.3f}" if isinstance(value, int | float) else str(value)
