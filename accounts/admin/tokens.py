"""Tokens in the admin: made (shown once), read, revoked; never changed."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts import services
from accounts.audit import actor_of
from accounts.choices import Scope
from accounts.models import Token, User
from accounts.services.tokens import LONGEST_DAYS


class MakeTokenForm(forms.ModelForm):
    engine = forms.BooleanField(
        label=_("For an engine"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("It opens the engine gateway and nothing else."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=Scope.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Nothing chosen: everything that its owner may."),
    )
    days = forms.IntegerField(
        label=_("Days until it expires"),
        required=False,
        min_value=1,
        max_value=LONGEST_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Empty: it does not expire."),
    )

    class Meta:
        model = Token
        fields = ["label", "user"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if bool(found.get("engine")) == bool(found.get("user")):
            raise ValidationError(_("A token belongs either to a user or to an engine."))
        return found


def realm_names() -> dict[str, str]:
    """Upper floors know what realms are called."""
    found: dict[str, str] = import_string(settings.REALM_NAMES)()
    return found


def named(token: Token, names: dict[str, str]) -> str:
    realm = token.user.realm if token.user else ""
    return names.get(realm, realm) or "-"


class RealmFilter(admin.SimpleListFilter):
    title = _("server")
    parameter_name = "realm"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(realm_names().items(), key=lambda one: one[1])

    def queryset(self, request: Any, queryset: QuerySet[Token]) -> QuerySet[Token]:
        return queryset.filter(user__realm=self.value()) if self.value() else queryset


@admin.register(Token)
class TokenAdmin(ModelAdmin):
    """All tokens of everybody, sessions as well."""

    list_display = [
        "prefix",
        "label",
        "kind",
        "user",
        "server",
        "issued_by",
        "scope_list",
        "created_at",
        "last_used_at",
        "expires_at",
        "state",
    ]
    list_filter = [
        "kind",
        RealmFilter,
        ("user", AutocompleteSelectFilter),
        "last_used_at",
        "expires_at",
        "revoked_at",
    ]
    list_filter_submit = True
    list_select_related = ["user", "issued_by"]
    search_fields = ["prefix", "label", "user__username"]
    ordering = ["-pk"]
    actions = ["revoke", "revoke_owners", "revoke_servers"]
    autocomplete_fields = ["user"]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Names of servers are asked once for a page, not for each row."""
        names = realm_names()

        @display(description=_("server"), ordering="user__realm")
        def server(token: Token) -> str:
            return named(token, names)

        return [server if name == "server" else name for name in self.list_display]

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = MakeTokenForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return ["label", "user", "engine", "scopes", "days"]
        return [*self.list_display, "checked_at", "revoked_at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("scopes"))
    def scope_list(self, token: Token) -> str:
        return ", ".join(token.scopes) or str(_("everything"))

    @display(description=_("server"))
    def server(self, token: Token) -> str:
        return named(token, realm_names())

    @display(description=_("state"), label={"good": "success", "revoked": "danger"})
    def state(self, token: Token) -> tuple[str, Any]:
        if token.revoked_at is not None:
            return "revoked", _("Revoked")
        if token.expires_at is not None and token.expires_at <= timezone.now():
            return "expired", _("Expired")
        return "good", _("Good")

    def save_model(self, request: Any, obj: Token, form: Any, change: bool) -> None:
        found = form.cleaned_data
        made, request.made_token_text = services.make_token(
            found["user"],
            actor=actor_of(request),
            label=found["label"],
            scopes=found["scopes"],
            days=found["days"],
            engine=found["engine"],
            request=request,
        )
        obj.pk = made.pk

    def response_add(self, request: Any, obj: Token, post_url_continue: Any = None) -> HttpResponse:
        """The text stands in this answer and nowhere else: not in a message, which is a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("The new token"),
            "opts": self.opts,
            "label": obj.label,
            "text": request.made_token_text,
        }
        response = TemplateResponse(request, "admin/accounts/token/made.html", context)
        add_never_cache_headers(response)
        return response

    @admin.action(description=_("Revoke the chosen tokens"), permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        for token in queryset:
            services.revoke_token(token, actor=actor_of(request), request=request)
        messages.success(request, _("The chosen tokens open nothing any more."))

    @admin.action(description=_("Revoke all tokens of their owners"), permissions=["view"])
    def revoke_owners(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        for user in User.objects.filter(tokens__in=queryset).distinct():
            services.revoke_all(user=user, actor=actor_of(request), request=request)
        messages.success(request, _("The owners of the chosen tokens have no good token any more."))

    @admin.action(description=_("Revoke all tokens of their servers"), permissions=["view"])
    def revoke_servers(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Of those that are of a meeting server's people; others stay."""
        realms = queryset.exclude(user__realm="").exclude(user=None)
        for realm in set(realms.values_list("user__realm", flat=True)):
            services.revoke_all(realm=realm, actor=actor_of(request), request=request)
        messages.success(request, _("People of these servers have no good token any more."))
