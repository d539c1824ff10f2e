"""Rules of retention in the admin, each with what it would take away."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Case, F, QuerySet, Value, When
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from accounts import audit
from accounts.audit import actor_of
from accounts.choices import Action
from common.admin import BoundedAdmin
from recordings import origins, retention
from recordings.models import RetentionRule

SHOWN = 20


def realms() -> list[tuple[str, Any]]:
    """Origins that recordings can have, by name."""
    return [("", gettext_lazy("any")), *origins.known_realms()]


class RuleForm(forms.ModelForm):
    realm = forms.ChoiceField(
        label=capfirst(gettext_lazy("only of this origin")),
        choices=realms,
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )

    class Meta:
        model = RetentionRule
        fields = [
            *("name", "position", "enabled", "realm", "tag", "kind"),
            *("sound_days", "all_days"),
        ]

    def clean_tag(self) -> str:
        return str(self.cleaned_data["tag"]).strip().lower()


@admin.register(RetentionRule)
class RetentionRuleAdmin(BoundedAdmin):
    form = RuleForm
    list_display = [
        *("name", "position", "enabled", "origin", "tag", "kind"),
        *("sound_days", "all_days"),
    ]
    list_filter = ["enabled"]
    search_fields = ["name", "tag"]
    ordering = ["position", "id"]
    readonly_fields = ["preview"]
    fieldsets = [
        (None, {"fields": ["name", ("position", "enabled")]}),
        (gettext_lazy("Which recordings"), {"fields": ["realm", ("tag", "kind")]}),
        (gettext_lazy("How long"), {"fields": [("sound_days", "all_days")]}),
        (gettext_lazy("What would be taken away now"), {"fields": ["preview"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[RetentionRule]:
        """With the origin's name, asked once for all rows."""
        named = [
            When(realm=realm, then=Value(name)) for realm, name in origins.realm_names().items()
        ]
        return super().get_queryset(request).annotate(realm_title=Case(*named, default=F("realm")))

    @display(description=gettext_lazy("only of this origin"), ordering="realm")
    def origin(self, rule: Any) -> str:
        return rule.realm_title or "-"

    @display(description=gettext_lazy("preview"))
    def preview(self, rule: RetentionRule) -> SafeString | str:
        """As if it were enabled; nothing is changed."""
        if rule.pk is None:
            return str(gettext_lazy("Save it switched off first; then its effect is shown here."))
        found, total = retention.due(limit=SHOWN, with_rule=rule.pk)
        return render_to_string(
            "admin/recordings/retention_preview.html", {"found": found, "total": total}
        )

    def save_model(self, request: HttpRequest, obj: RetentionRule, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        _note(request, obj, {name: form.cleaned_data[name] for name in form.changed_data})

    def delete_model(self, request: HttpRequest, obj: RetentionRule) -> None:
        _note(request, obj, {"removed": True})
        super().delete_model(request, obj)


def _note(request: HttpRequest, rule: RetentionRule, data: dict[str, Any]) -> None:
    audit.record(
        actor_of(request), Action.CHANGE, "retention_rule", rule.pk, request=request, data=data
    )
