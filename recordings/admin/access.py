"""Who may see what, in the admin: given and taken back, never edited."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.models import User
from common.admin import BoundedAdmin, MachineInline, badge, explain, link
from common.errors import SaiError
from recordings import services
from recordings.admin.filters import AccessStateFilter
from recordings.choices import Right
from recordings.models import Access


class AccessColumns:
    @display(description=gettext_lazy("who"))
    def whom(self, access: Access) -> SafeString | str:
        return link(access.user or access.group) if not access.link_digest else _("A link")

    @display(description=gettext_lazy("rights"))
    def may(self, access: Access) -> str:
        return ", ".join(str(Right(right).label) for right in access.rights)

    @display(description=gettext_lazy("state"))
    def state(self, access: Access) -> SafeString:
        over = access.expires_at is not None and access.expires_at <= timezone.now()
        return badge(_("Expired"), "") if over else badge(_("Good"), "success")


class AccessInline(AccessColumns, MachineInline):
    model = Access
    fields = ["whom", "may", "state", "expires_at", "granted_by", "made"]
    readonly_fields = fields
    per_page = 20

    def get_queryset(self, request: HttpRequest) -> QuerySet[Access]:
        rows = super().get_queryset(request).order_by("-pk")
        return rows.select_related("user", "group", "granted_by")


class GrantForm(forms.ModelForm):
    """The service judges who may get what; its answer stands in the form."""

    rights = forms.MultipleChoiceField(
        label=gettext_lazy("Rights"),
        choices=Right.choices,
        initial=[Right.VIEW],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    by: User
    """Whoever gives; set for each request."""
    request: HttpRequest
    granted: services.Granted

    class Meta:
        model = Access
        fields = ["recording", "user", "group", "expires_at"]
        help_texts = {"user": gettext_lazy("Neither a user nor a group: a new link, shown once.")}

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("user") and found.get("group"):
            raise ValidationError(_("Choose a user or a group, not both."))
        return found

    def _post_clean(self) -> None:
        """The last check and the deed in one: only the service knows who may get what."""
        if self.errors:
            return
        found = self.cleaned_data
        try:
            self.granted = services.grant(
                found["recording"],
                by=self.by,
                rights=found["rights"],
                to=found["user"] or found["group"],
                expires_at=found["expires_at"],
                request=self.request,
            )
        except SaiError as error:
            self.add_error(None, explain(error))
            return
        self.instance = self.granted.access


@admin.register(Access)
class AccessAdmin(AccessColumns, BoundedAdmin):
    list_display = [
        "whom",
        "whose",
        "may",
        "state",
        "expires_at",
        "granted_by",
        "made",
    ]
    list_select_related = ["recording", "user", "group", "granted_by"]
    list_filter = [AccessStateFilter, ("created_at", RangeDateTimeFilter)]
    search_fields = ["user__username", "group__name", "recording__title", "=recording__number"]
    ordering = ["-pk"]
    autocomplete_fields = ["recording", "user", "group"]

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        made = super().get_form(request, obj, change, **{**kwargs, "form": GrantForm})
        made.by, made.request = request.user, request
        return made

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return ["recording", "user", "group", "rights", "expires_at"]
        return self.list_display

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=gettext_lazy("recording"))
    def whose(self, access: Access) -> SafeString | str:
        return link(access.recording)

    def save_model(self, request: Any, obj: Access, form: Any, change: bool) -> None:
        """The form has written it; `obj` is the row."""
        request.link_secret = form.granted.secret

    def response_add(
        self, request: Any, obj: Access, post_url_continue: Any = None
    ) -> HttpResponse:
        """A link's text stands in this answer and nowhere else."""
        if not request.link_secret:
            return super().response_add(request, obj, post_url_continue)
        where = reverse("recording-link", args=[request.link_secret])
        context = {
            **self.admin_site.each_context(request),
            "title": _("The new link"),
            "opts": self.opts,
            "label": str(obj.recording),
            "text": request.build_absolute_uri(where),
        }
        response = TemplateResponse(request, "admin/recordings/access/made.html", context)
        add_never_cache_headers(response)
        return response

    def delete_model(self, request: Any, obj: Access) -> None:
        services.revoke(obj, by=request.user, request=request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Access]) -> None:
        for access in queryset:
            self.delete_model(request, access)
