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
        found = chosen(request.user, query)
        number, size, count = query["page"], query["page_size"], found.count()
        rows = list(found[(number - 1) * size : number * size]) if count else []
        page = {"current": number, "total": pages(count, size), "size": size, "count": count}
        return Response({"transcriptions": cards.cards(rows, request.user), "page": page})


def chosen(user: Any, query: dict[str, Any]) -> QuerySet[Any]:
    """What he may see and asks for, in order, with `status_id`."""
    found = statuses.annotate(selectors.visible_to(user))
    if "status" in query:
        found = found.filter(status_id=query["status"])
    if conference := query.get("conference_id"):
        held = Session.objects.filter(recording=OuterRef("pk"), conference__remote_id=conference)
        found = found.filter(Exists(held))
    if text := query["search"].strip():
        found = found.filter(_search(text))
    column = F(COLUMNS.get(query["sort_field"], query["sort_field"]))
    if query["sort_order"]:
        return found.order_by(column.desc(nulls_last=True), "-number")
    return found.order_by(column.asc(nulls_last=True), "number")


def _search(text: str) -> Q:
    """In the names and in what was said."""
    if "\0" in text:
        raise Invalid(_("Zero characters can't be searched for."), details={"field": "search"})
    named = Q(title__icontains=text) | Q(sessions__conference__topic__icontains=text)
    return Q(pk__in=Recording.objects.filter(named).values("pk")) | words.contains(text)
