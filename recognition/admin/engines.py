"""Engines of the gateway in the admin: who is here, what it holds, what it was asked for."""

import zlib
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from accounts.audit import actor_of
from common.admin import MachineAdmin, badge, badge_of, linked, moment, shorten
from recognition.gateway import standing
from recognition.models import Engine, EngineRequest
from recognition.services import engines as services

COLOURS = {
    "offered": "primary",
    "working": "info",
    "done": "success",
    "failed": "danger",
    "refused": "danger",
    "lost": "warning",
    "rejected": "",
}
RAW_SHOWN = 100_000
"""Characters of a raw result that the page shows."""


@admin.register(Engine)
class EngineAdmin(MachineAdmin):
    list_display = [
        "engine_id",
        "state",
        "abilities",
        "tongues",
        "load",
        "results",
        "version",
        "owner",
        "since",
        "last",
    ]
    list_filter = ["draining", "shared_files"]
    search_fields = ["engine_id", "version", "token__label", "token__prefix"]
    ordering = ["engine_id"]
    actions = ["drain", "resume", "disconnect"]
    fields = [
        ("engine_id", "state"),
        ("version", "owner"),
        ("abilities", "tongues"),
        ("load", "results"),
        ("since", "last"),
        ("shared_files", "draining"),
    ]
    readonly_fields = ["state", "owner", "abilities", "tongues", "load", "results", "since", "last"]

    owner = linked("token", _("token"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Engine]:
        return standing.engines()

    @display(description=_("state"))
    def state(self, engine: Any) -> SafeString:
        if not engine.connected:
            return badge(_("Not connected"))
        return (
            badge(_("Draining"), "warning") if engine.draining else badge(_("Connected"), "success")
        )

    @display(description=_("capabilities"))
    def abilities(self, engine: Engine) -> str:
        return ", ".join(engine.capabilities) or "-"

    @display(description=_("languages"))
    def tongues(self, engine: Engine) -> str:
        return shorten(", ".join(engine.languages), 40) or str(_("all"))

    @display(description=_("holding, of slots"))
    def load(self, engine: Any) -> str:
        return f"{engine.holding} / {engine.slots}"

    @display(description=_("done, failed"))
    def results(self, engine: Any) -> str:
        return f"{engine.done}, {engine.failed}"

    @display(description=_("connected since"), ordering="connected_at")
    def since(self, engine: Any) -> str:
        return moment(engine.connected_at) if engine.connected else "-"

    @display(description=_("last heard"), ordering="heard_at")
    def last(self, engine: Engine) -> str:
        return moment(engine.heard_at)

    @admin.action(description=_("Drain the chosen engines"), permissions=["view"])
    def drain(self, request: HttpRequest, queryset: QuerySet[Engine]) -> None:
        for engine in queryset:
            services.drain(engine, on=True, actor=actor_of(request), request=request)
        messages.success(request, _("They finish what they hold and get nothing new."))

    @admin.action(description=_("Give the chosen engines work again"), permissions=["view"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Engine]) -> None:
        for engine in queryset:
            services.drain(engine, on=False, actor=actor_of(request), request=request)
        messages.success(request, _("They are given work again."))

    @admin.action(description=_("Disconnect the chosen engines"), permissions=["view"])
    def disconnect(self, request: HttpRequest, queryset: QuerySet[Engine]) -> None:
        gone = list(queryset)
        for engine in gone:
            services.disconnect(engine, actor=actor_of(request), request=request)
        n = len(gone)
        text = ngettext("%(n)d engine is disconnected.", "%(n)d engines are disconnected.", n)
        messages.success(request, text % {"n": n})


@admin.register(EngineRequest)
class EngineRequestAdmin(MachineAdmin):
    list_display = ["number", "to", "kind", "state", "made", "taken", "ended", "trouble"]
    list_select_related = ["engine", "step"]
    list_filter = ["outcome", "kind", ("created_at", RangeDateTimeFilter)]
    search_fields = ["engine__engine_id", "=step__recording__number", "=step__recording__id"]
    ordering = ["-id"]
    fields = [("number", "to"), ("kind", "state"), ("made", "taken", "ended"), "trouble", "result"]
    readonly_fields = ["number", "to", "state", "taken", "ended", "trouble", "result"]

    to = linked("engine", _("engine"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[EngineRequest]:
        found = super().get_queryset(request)
        return found if request.resolver_match and self._one(request) else found.defer("raw")

    def _one(self, request: HttpRequest) -> bool:
        assert request.resolver_match is not None
        return "object_id" in request.resolver_match.kwargs

    @display(description=_("request"))
    def number(self, asked: EngineRequest) -> str:
        return str(asked)

    @display(description=_("outcome"), ordering="outcome")
    def state(self, asked: EngineRequest) -> SafeString:
        return badge_of(asked, "outcome", COLOURS)

    @display(description=_("accepted"), ordering="accepted_at")
    def taken(self, asked: EngineRequest) -> str:
        return moment(asked.accepted_at)

    @display(description=_("ended"), ordering="ended_at")
    def ended(self, asked: EngineRequest) -> str:
        return moment(asked.ended_at)

    @display(description=_("error"))
    def trouble(self, asked: EngineRequest) -> str:
        error = asked.error or {}
        return shorten(f"{error.get('code', '')} {error.get('message', '')}", 200) or "-"

    @display(description=_("result as it came"))
    def result(self, asked: EngineRequest) -> str:
        if not asked.raw:
            return "-"
        return zlib.decompress(asked.raw).decode(errors="replace")[:RAW_SHOWN]
