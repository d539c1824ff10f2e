"""What the admin pages of all apps share: lists of huge tables, rows that nobody edits, badges."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from common.errors import SaiError

MOST_COUNTED = 10_000
"""Rows of a list that are counted and paged through; a filter finds what lies deeper."""


class BoundedPaginator(Paginator):
    """Counts no further than MOST_COUNTED: a list of millions opens as fast as a short one."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return int(rows.order_by()[:MOST_COUNTED].count())


def moment(when: dt.datetime | None) -> str:
    """A point in time, short enough for a column."""
    return "-" if when is None else date_format(localtime(when), "SHORT_DATETIME_FORMAT")


class Dated:
    """When a row was made and changed."""

    @display(description=gettext_lazy("created"), ordering="created_at")
    def made(self, row: Any) -> str:
        return moment(getattr(row, "created_at", None))

    @display(description=gettext_lazy("changed"), ordering="updated_at")
    def changed(self, row: Any) -> str:
        return moment(getattr(row, "updated_at", None))


class BoundedAdmin(Dated, ModelAdmin):
    """A list that stays fast however many rows there are."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_filter_submit = True


class MachineAdmin(BoundedAdmin):
    """Rows that the machine writes: to be looked at, never to be changed by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MachineInline(Dated, TabularInline):
    """The same, inside the page of what they belong to."""

    extra = 0
    can_delete = False
    hide_title = True
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def badge(text: object, colour: str = "", *, title: object = "") -> SafeString:
    """A coloured word. `colour`: info, success, warning, danger, primary, or empty for grey."""
    return render_to_string(
        "unfold/helpers/label.html",
        {"text": str(text), "variant": colour, "label_title": str(title), "size": "md"},
    )


def badge_of(row: Any, field: str, colours: Mapping[str, str], *, more: str = "") -> SafeString:
    """A badge with the row's choice of `field`, in the colour that belongs to it."""
    text = f"{getattr(row, f'get_{field}_display')()} {more}".strip()
    return badge(text, colours.get(getattr(row, field), ""))


def link(row: Model | None, text: object = "") -> SafeString | str:
    """A link to the row's page in the admin; a dash for nothing."""
    if row is None:
        return "-"
    where = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a class="text-link" href="{}">{}</a>', where, str(text or row))


def linked(field: str, description: Any) -> Callable[[Any, Any], Any]:
    """A column with a link to the row that `field` names."""

    @display(description=description)
    def column(model_admin: Any, row: Any) -> SafeString | str:
        return link(getattr(row, field, None))

    return column


def shorten(text: object, length: int = 120) -> str:
    """The beginning of a long text."""
    whole = " ".join(str(text).split())
    return whole if len(whole) <= length else f"{whole[: length - 1]}…"


def explain(error: SaiError) -> str:
    """An error as one sentence or two: what is wrong, and what to do."""
    return f"{error.message} {error.next_action}".strip()


def failure(told: Mapping[str, Any] | None) -> SafeString | str:
    """An error as `recordings.wording.told` gives it, with what to do about it."""
    if not told:
        return "-"
    return format_html(
        '<span class="sai-failure" title="{}">{}</span> <span class="sai-action">{}</span>',
        told["code"],
        shorten(told["message"], 200),
        shorten(told["next_action"], 200),
    )


def go_to(where: str) -> HttpResponse:
    """Sends the browser there after a dialog, which HTMX has posted."""
    return HttpResponse(headers={"HX-Redirect": where})
