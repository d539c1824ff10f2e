"""Licences in the admin: what counts, how much is used, a what-if; files are installed, removed."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget

from accounts import licences
from accounts.audit import actor_of
from accounts.licences import files, standing
from accounts.licences.terms import Terms
from accounts.models import Licence
from common.admin import BoundedAdmin, badge, explain, moment
from common.errors import SaiError

COLOURS = {
    licences.State.FREE: "info",
    licences.State.ACTIVE: "success",
    licences.State.GRACE: "warning",
    licences.State.EXPIRED: "danger",
    licences.State.ROLLED_BACK: "danger",
}
WISH = "with_"


class InstallForm(forms.ModelForm):
    """A file, or its text. What would be refused is a mistake of the form."""

    upload = forms.FileField(label=_("File"), required=False, widget=UnfoldAdminFileFieldWidget)
    pasted = forms.CharField(
        label=_("or its text"),
        required=False,
        strip=False,
        max_length=files.LONGEST,
        widget=UnfoldAdminTextareaWidget,
    )

    class Meta:
        model = Licence
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        upload, pasted = found.get("upload"), found.get("pasted")
        if bool(upload) == bool(pasted):
            raise ValidationError(_("Send either a file or its text."))
        try:
            found["text"] = files.text_of(upload) if upload else pasted
            licences.examine(found["text"])
        except SaiError as error:
            raise ValidationError(explain(error)) from None
        return found


@admin.register(Licence)
class LicenceAdmin(BoundedAdmin):
    list_display = ["number", "customer", "from_day", "until", "grace", "state", "made"]
    ordering = ["-pk"]
    search_fields = ["number"]
    list_before_template = "admin/accounts/licence/now.html"

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": InstallForm}))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.list_display, "text"] if obj else ["upload", "pasted"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        wished = _take_wishes(request)
        found = licences.status()
        context = {
            "licence": found,
            "state": badge(found.state.label, COLOURS[found.state]),
            "wishes": [(use, WISH + use.limit, wished.get(use.limit)) for use in found.limits],
            "refusals": licences.what_if(found, wished),
            "asked": bool(wished),
        }
        return super().changelist_view(request, {**(extra_context or {}), **context})

    def save_model(self, request: HttpRequest, obj: Licence, form: Any, change: bool) -> None:
        row, _new = licences.install(
            form.cleaned_data["text"], actor=actor_of(request), request=request
        )
        obj.pk, obj.number = row.pk, row.number

    def delete_model(self, request: HttpRequest, obj: Licence) -> None:
        licences.remove(obj, actor=actor_of(request), request=request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Licence]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    @display(description=_("customer"))
    def customer(self, row: Licence) -> str:
        terms = _terms(row)
        return terms.customer if terms else "-"

    @display(description=_("valid from"))
    def from_day(self, row: Licence) -> str:
        terms = _terms(row)
        return moment(terms.valid_from if terms else None)

    @display(description=_("until"))
    def until(self, row: Licence) -> str:
        terms = _terms(row)
        return moment(terms.expires_at if terms else None)

    @display(description=_("grace until"))
    def grace(self, row: Licence) -> str:
        terms = _terms(row)
        return moment(terms.grace_until if terms else None)

    @display(description=_("state"))
    def state(self, row: Licence) -> SafeString:
        """Of the file alone; the page says above which one counts."""
        terms = _terms(row)
        if terms is None:
            return badge(_("Can't be verified here"), "danger")
        found = standing.state_of(terms, timezone.now())
        return badge(found.label, COLOURS[found]) if found else badge(_("Not valid yet"))


def _terms(row: Licence) -> Terms | None:
    return standing.verified(row.text)


def _take_wishes(request: HttpRequest) -> dict[str, float]:
    """What the what-if form asks, taken out of the address: the list knows no such filters."""
    query = request.GET.copy()
    found = {name: query.pop(WISH + name, [""])[-1] for name in licences.LIMITS}
    request.GET = query  # type: ignore[assignment]
    return {name: int(text) for name, text in found.items() if text.isascii() and text.isdigit()}
