"""Meaning in the admin: prompts with their versions, summaries, answers kept for a while."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Length, Substr
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from analytics import services, templating
from analytics.models import LanguageAnswer, Prompt, Summary, SummaryItem
from common.admin import (
    BoundedAdmin,
    MachineAdmin,
    MachineInline,
    badge,
    badge_of,
    explain,
    failure,
    go_to,
    link,
    linked,
    shorten,
)
from common.errors import SaiError
from recordings.wording import told

COLOURS: dict[str, str] = {
    Summary.Status.PENDING: "info",
    Summary.Status.READY: "success",
    Summary.Status.FAILED: "danger",
}


class PromptForm(forms.ModelForm):
    class Meta:
        model = Prompt
        fields = ["name", "text"]
        widgets = {"text": UnfoldAdminTextareaWidget(attrs={"rows": 16, "spellcheck": "false"})}

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"])
        try:
            templating.check(text)
        except SaiError as error:
            raise ValidationError(explain(error)) from None
        return text

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if self.instance.pk is None and Prompt.objects.filter(name=name).exists():
            raise ValidationError(_("There is a prompt of that name: open it and change its text."))
        return name


@admin.register(Prompt)
class PromptAdmin(BoundedAdmin):
    form = PromptForm
    list_display = ["name", "version", "state", "beginning", "used", "made"]
    list_filter = ["current", "name"]
    search_fields = ["name", "text"]
    ordering = ["name", "-version"]
    actions_detail = ["restore"]
    readonly_fields = ["version", "state", "made", "variables"]
    fieldsets = [
        (None, {"fields": ["name", "text", "variables"]}),
        (gettext_lazy("History"), {"fields": [("version", "state"), "made"]}),
    ]
    add_fieldsets = [(None, {"fields": ["name", "text", "variables"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prompt]:
        uses = Summary.objects.filter(prompt=OuterRef("pk")).order_by().values("prompt")
        counted = Subquery(uses.annotate(n=Count("pk")).values("n"))
        return super().get_queryset(request).annotate(uses=counted)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The current version has nothing to restore."""
        if Prompt.objects.filter(pk=object_id, current=True).exists():
            return []
        return super().get_actions_detail(request, object_id)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.readonly_fields, "name"] if obj else self.readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the current version is edited, which makes a new one."""
        return super().has_change_permission(request, obj) and (obj is None or obj.current)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Versions stay: a summary says which of them it was made with."""
        return False

    @display(description=gettext_lazy("state"), ordering="current")
    def state(self, prompt: Prompt) -> SafeString:
        return badge(_("Current"), "success") if prompt.current else badge(_("Earlier version"))

    @display(description=gettext_lazy("text"))
    def beginning(self, prompt: Prompt) -> str:
        return shorten(prompt.text, 80)

    @display(description=gettext_lazy("summaries"), ordering="uses")
    def used(self, prompt: Any) -> int:
        return int(prompt.uses or 0)

    @display(description=gettext_lazy("variables"))
    def variables(self, prompt: Prompt | None) -> SafeString:
        return render_to_string(
            "admin/analytics/variables.html", {"variables": templating.VARIABLES.items()}
        )

    def save_model(self, request: HttpRequest, obj: Prompt, form: Any, change: bool) -> None:
        stored = services.save_prompt(obj.name, form.cleaned_data["text"])
        obj.pk, obj.version, obj.current = stored.pk, stored.version, stored.current

    @action(
        description=gettext_lazy("Make this text current"),
        permissions=["view"],
        icon="restore",
        dialog={
            "title": gettext_lazy("Make this text current again?"),
            "description": gettext_lazy("It becomes a new version; nothing is lost."),
            "form_class": BaseDialogForm,
            "form_submit_text": gettext_lazy("Make current"),
        },
    )
    def restore(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        prompt = Prompt.objects.get(pk=object_id)
        try:
            stored = services.save_prompt(prompt.name, prompt.text)
        except SaiError as error:
            messages.error(request, explain(error))
            stored = prompt
        else:
            messages.success(request, _("Version %(n)d is current.") % {"n": stored.version})
        return go_to(reverse("admin:analytics_prompt_change", args=[stored.pk]))


class ItemInline(MachineInline):
    model = SummaryItem
    verbose_name_plural = gettext_lazy("statements")
    fields = ["text", "proof", "phrases"]
    readonly_fields = ["proof", "phrases"]
    show_change_link = False
    per_page = 50

    @display(description=gettext_lazy("evidence"))
    def proof(self, item: SummaryItem) -> SafeString:
        if item.verified:
            return badge(_("Verified"), "success")
        return badge(_("Not verified"), "warning", title=", ".join(item.problems))

    @display(description=gettext_lazy("phrases"))
    def phrases(self, item: SummaryItem) -> int:
        return len(item.evidence)


@admin.register(Summary)
class SummaryAdmin(MachineAdmin):
    list_display = [
        "whose",
        "state",
        "engine",
        "made_by",
        "items_verified",
        "share",
        "trouble",
        "made",
    ]
    list_display_links = ["engine", "made"]
    list_select_related = ["recording"]
    list_filter = ["status", "extractive", ("created_at", RangeDateTimeFilter)]
    search_fields = ["recording__title", "=recording__number", "=recording__id", "engine"]
    search_help_text = gettext_lazy("Title, number or id of the recording; engine")
    ordering = ["-id"]
    inlines = [ItemInline]
    fields = [
        ("whose", "state"),
        ("engine", "made_by"),
        ("script", "journey"),
        ("template", "share"),
        "prompt_text",
        "text",
        "trouble",
        "usage",
        "made",
    ]
    readonly_fields = ["whose", "state", "made_by", "share", "trouble"]
    script = linked("transcript", gettext_lazy("transcript"))
    journey = linked("run", gettext_lazy("run"))
    template = linked("prompt", gettext_lazy("prompt"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Summary]:
        items = SummaryItem.objects.filter(summary=OuterRef("pk")).order_by().values("summary")
        good = Count("pk", filter=Q(verified=True))
        return (
            super()
            .get_queryset(request)
            .annotate(
                items_total=Subquery(items.annotate(n=Count("pk")).values("n")),
                items_good=Subquery(items.annotate(n=good).values("n")),
            )
        )

    @display(description=gettext_lazy("recording"))
    def whose(self, summary: Summary) -> SafeString | str:
        return link(summary.recording)

    @display(description=gettext_lazy("status"), ordering="status")
    def state(self, summary: Summary) -> SafeString:
        return badge_of(summary, "status", COLOURS)

    @display(description=gettext_lazy("made by"))
    def made_by(self, summary: Summary) -> str:
        return _("Chosen sentences") if summary.extractive else _("Language model")

    @display(description=gettext_lazy("verified items"))
    def items_verified(self, summary: Any) -> str:
        return f"{summary.items_good or 0} / {summary.items_total or 0}"

    @display(description=gettext_lazy("coverage"), ordering="coverage")
    def share(self, summary: Summary) -> str:
        return f"{summary.coverage:.0%}"

    @display(description=gettext_lazy("error, and what to do"))
    def trouble(self, summary: Summary) -> SafeString | str:
        return failure(told(summary.error))


@admin.register(LanguageAnswer)
class LanguageAnswerAdmin(MachineAdmin):
    """Answers that were paid for, kept so that a step tried again need not ask again."""

    list_display = ["key", "length", "beginning", "made"]
    list_filter = [("created_at", RangeDateTimeFilter)]
    search_fields = ["key"]
    ordering = ["-created_at"]
    fields = ["key", "answer", "made"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[LanguageAnswer]:
        rows = super().get_queryset(request).defer("answer")
        return rows.annotate(size=Length("answer"), start=Substr("answer", 1, 120))

    @display(description=gettext_lazy("length"))
    def length(self, answer: Any) -> int:
        return int(answer.size)

    @display(description=gettext_lazy("answer"))
    def beginning(self, answer: Any) -> str:
        return shorten(answer.start, 80)
