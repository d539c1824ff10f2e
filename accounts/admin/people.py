"""Users and groups in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectMultipleWidget

from accounts import services
from accounts.audit import actor_of
from accounts.choices import Role
from accounts.models import User
from common.errors import SaiError

admin.site.unregister(Group)


class UserForm(forms.ModelForm):
    """One form for a new person and a known one; a new password ends his sessions."""

    new_password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=1024,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty leaves the present one. A new one ends all sessions of this person."),
    )

    class Meta:
        model = User
        fields = [
            "username",
            "role",
            "is_active",
            "email",
            "first_name",
            "last_name",
            "language",
            "groups",
        ]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        password = found.get("new_password")
        if not password and self.instance.pk is None:
            self.add_error("new_password", _("A new person needs a password."))
        try:
            if password:
                named = User(username=found.get("username", ""), email=found.get("email", ""))
                services.check_strength(password, named)
            if self.instance.pk is not None and "role" in found:
                services.check_an_administrator_stays(
                    self.instance, role=found["role"], is_active=found.get("is_active", False)
                )
        except SaiError as error:
            raise ValidationError(error.message) from None
        return found


@admin.register(User)
class UserAdmin(ModelAdmin):
    form = UserForm
    list_display = ["username", "person", "role_label", "is_active", "last_login", "token_count"]
    list_filter = ["role", "is_active", "groups", "last_login"]
    search_fields = ["username", "first_name", "last_name", "email"]
    ordering = ["username"]
    filter_horizontal = ["groups"]
    readonly_fields = ["last_login", "date_joined", "tokens_link"]
    fieldsets = [
        (None, {"fields": ["username", "new_password", "role", "is_active", "groups"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "language"]}),
        (_("History"), {"fields": ["last_login", "date_joined", "tokens_link"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).annotate(token_total=Count("tokens"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are made inactive: what they made stays."""
        return False

    @display(description=_("name"))
    def person(self, user: User) -> str:
        return user.get_full_name() or user.email

    @display(
        description=_("role"),
        ordering="role",
        label={Role.ADMIN: "warning", Role.USER: "info", Role.GUEST: "default"},
    )
    def role_label(self, user: User) -> tuple[str, str]:
        return user.role, user.get_role_display()

    @display(description=_("tokens"), ordering="token_total")
    def token_count(self, user: Any) -> int:
        return int(user.token_total)

    @display(description=_("tokens"))
    def tokens_link(self, user: User) -> SafeString | str:
        if user.pk is None:
            return "-"
        where = reverse("admin:accounts_token_changelist")
        return format_html('<a href="{}?user__id__exact={}">{}</a>', where, user.pk, _("Show"))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        found = dict(form.cleaned_data)
        password, groups = found.pop("new_password"), found.pop("groups")
        actor = actor_of(request)
        if change:
            stored = User.objects.get(pk=obj.pk)
            services.change_user(
                stored, actor=actor, password=password, groups=groups, request=request, **found
            )
            return
        name = found.pop("username")
        made = services.create_user(
            name, actor=actor, password=password, groups=groups, request=request, **found
        )
        obj.pk = made.pk


class GroupForm(forms.ModelForm):
    members = forms.ModelMultipleChoiceField(
        label=_("Members"),
        queryset=User.objects.order_by("username"),
        required=False,
        widget=UnfoldAdminSelectMultipleWidget,
    )

    class Meta:
        model = Group
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.fields["members"].initial = self.instance.user_set.all()


@admin.register(Group)
class GroupAdmin(ModelAdmin):
    form = GroupForm
    fields = ["name", "members"]
    list_display = ["name", "member_count"]
    search_fields = ["name"]
    ordering = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).annotate(member_total=Count("user"))

    @display(description=_("members"), ordering="member_total")
    def member_count(self, group: Any) -> int:
        return int(group.member_total)

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        name, members = form.cleaned_data["name"], form.cleaned_data["members"]
        actor = actor_of(request)
        if change:
            services.change_group(obj, actor=actor, name=name, members=members, request=request)
        else:
            made = services.create_group(name, actor=actor, members=members, request=request)
            obj.pk = made.pk

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        services.delete_group(obj, actor=actor_of(request), request=request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        for group in queryset:
            self.delete_model(request, group)
