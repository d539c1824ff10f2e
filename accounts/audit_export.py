"""The audit trail as a file, CSV or JSON lines, streamed in bounded pieces.

Each piece is one query behind the last number, so no cursor and no connection is held while a slow
reader takes his time. An asynchronous generator: ASGI would collect a synchronous one in memory.
"""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import orjson
from channels.db import database_sync_to_async
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from accounts import audit
from accounts.choices import Action
from accounts.models import AuditEntry, User

COLUMNS: Final = (
    "id",
    "at",
    "actor_id",
    "actor_name",
    "action",
    "object_type",
    "object_id",
    "address",
    "data",
)
CONTENT_TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_PIECE: Final = 1000


def answer(
    entries: QuerySet[AuditEntry], form: str, *, actor: User, request: HttpRequest
) -> StreamingHttpResponse:
    """Chosen entries, oldest first, as `csv` or `jsonl`; that they were taken is itself audited."""
    audit.record(actor, Action.EXPORT, "audit", request=request, data={"format": form})
    response = StreamingHttpResponse(_pieces(entries, form), content_type=CONTENT_TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="audit.{form}"'
    return response


async def _pieces(entries: QuerySet[AuditEntry], form: str) -> AsyncIterator[bytes]:
    if form == "csv":
        yield as_csv([dict(zip(COLUMNS, COLUMNS, strict=True))])
    write = as_csv if form == "csv" else as_json_lines
    last = 0
    while rows := await database_sync_to_async(_read)(entries, last):
        last = rows[-1]["id"]
        yield write(rows)


def _read(entries: QuerySet[AuditEntry], after: int) -> list[dict[str, Any]]:
    behind = entries.filter(pk__gt=after).order_by("pk")
    return list(behind.values(*COLUMNS)[:_PIECE])


def as_json_lines(rows: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def as_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """A cell that a spreadsheet would run as a formula gets a ' in front."""
    out = io.StringIO()
    csv.writer(out).writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
    return out.getvalue().encode()


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
