"""GET transcriptions: which ones, in which order, page by page."""

from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import asked
from common.errors import Invalid
from conferences.models import Session
from conferences.user_api import cards, statuses
from conferences.user_api.base import UserApiView, pages
from conferences.user_api.schemas import ListQuery, ListShape, answers
from recognition import selectors as words
from recordings import selectors
from recordings.models import Recording

COLUMNS = {"display_name": "title"}
MANY = 2000
"""Of so many a page is soon full by walking through them in order; fewer are looked up."""


class Transcriptions(UserApiView):
    @extend_schema(
        tags=["user api"],
        operation_id="user_api_transcriptions",
        parameters=[ListQuery],
        responses=answers({200: ListShape}),
    )
    def get(self, request: Request) -> Response:
        """Transcriptions you may see, the newest first unless sorted otherwise."""
        query = asked(ListQuery, request)
        found = chosen(selectors.visible_among(request.user), query)
        number, size, count = query["page"], query["page_size"], found.count()
        if count > MANY:
            found = chosen(selectors.visible_to(request.user), query)
        rows = list(found[(number - 1) * size : number * size]) if count else []
        page = {"current": number, "total": pages(count, size), "size": size, "count": count}
        return Response({"transcriptions": cards.cards(rows, request.user), "page": page})


def chosen(visible: QuerySet[Recording], query: dict[str, Any]) -> QuerySet[Any]:
    """What he asks for of what he may see, in order, with `status_id`."""
    found = statuses.annotate(visible)
    if "status" in query:
        found = found.filter(status_id=query["status"])
    if conference := query.get("conference_id"):
        held = Session.objects.filter(recording=OuterRef("pk"), conference__remote_id=conference)
        found = found.filter(Exists(held))
    if text := query["search"].strip():
        found = found.filter(_search(text))
    return found.order_by(*_order(query["sort_field"], descending=bool(query["sort_order"])))


def _order(field: str, *, descending: bool) -> list[Any]:
    """As an index has it where there is one; whoever began at no known time comes last."""
    column = F(COLUMNS.get(field, field))
    unknown_last = True if field == "started_at" else None
    if descending:
        return [column.desc(nulls_last=unknown_last), "-pk"]
    return [column.asc(nulls_last=unknown_last), "pk"]


def _search(text: str) -> Q:
    """In the names and in what was said."""
    if "\0" in text:
        raise Invalid(_("Zero characters can't be searched for."), details={"field": "search"})
    named = Q(title__icontains=text) | Q(sessions__conference__topic__icontains=text)
    return Q(pk__in=Recording.objects.filter(named).values("pk")) | words.contains(text)
