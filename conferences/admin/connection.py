"""Connections in the admin: the form, a test, and how each server is."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminPasswordWidget

from accounts.audit import actor_of
from common.admin import BoundedAdmin, badge_of, explain, failure, go_to, moment
from common.errors import SaiError
from conferences import selectors, signing_in
from conferences.admin.words import CONNECTION
from conferences.models import Connection
from conferences.services import connections, health_of
from recordings.wording import told

WRITE_ONLY = gettext_lazy("Never shown. Empty leaves the present one.")


def _secret(label: Any) -> forms.CharField:
    return forms.CharField(
        label=capfirst(label),
        required=False,
        max_length=1000,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=WRITE_ONLY,
    )


class ConnectionForm(forms.ModelForm):
    """Secrets go in and never come out; everything else is judged by the service."""

    client_secret = _secret(gettext_lazy("client secret"))
    chat_bot_password = _secret(gettext_lazy("chat bot's password"))

    class Meta:
        model = Connection
        fields = sorted(connections.PLAIN)
        help_texts = {
            "url": gettext_lazy("https://host, or a folder's path for a shared folder."),
            "access": gettext_lazy(
                "Read only: its people sign in and see what is here; nothing is brought."
            ),
            "paths": gettext_lazy("Only those that differ from the defaults."),
            "fields": gettext_lazy("What the server calls our names, where they differ."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # An empty object is a good answer for all of these.
        for name in ("options", "paths", "fields", "default_rights"):
            if name in self.fields:
                self.fields[name].required = False

    def given(self) -> dict[str, Any]:
        """Fields for the service."""
        found = {name: self.cleaned_data[name] for name in connections.MANAGED & set(self.fields)}
        for name in ("options", "paths", "fields", "default_rights"):
            found[name] = found.get(name) or {}
        return found


@admin.register(Connection)
class ConnectionAdmin(BoundedAdmin):
    form = ConnectionForm
    list_display = [
        "name",
        "host",
        "platform",
        "access",
        "state",
        "missing",
        "awaited",
        "seen",
        "trouble",
    ]
    list_filter = ["status", "platform", "access", "enabled"]
    search_fields = ["name", "host"]
    actions = ["poll_chosen"]
    actions_detail = ["check_one", "poll_one"]
    readonly_fields = ["health", "redirect_address"]
    fieldsets = [
        (gettext_lazy("Health"), {"fields": ["health"]}),
        (None, {"fields": ["name", ("platform", "access"), "url", "enabled"]}),
        (
            gettext_lazy("Credentials"),
            {
                "fields": [
                    ("client_id", "client_secret"),
                    "redirect_address",
                    "verify_tls",
                    "ca_bundle",
                    ("chat_bot_user", "chat_bot_password"),
                ]
            },
        ),
        (
            gettext_lazy("What is brought"),
            {
                "fields": [
                    ("poll_seconds", "rescan_hours"),
                    ("auto_recognize", "consent_required"),
                    ("download_workers", "bytes_per_second", "track_patience_hours"),
                    "default_rights",
                ]
            },
        ),
        (
            gettext_lazy("What the public API does not state"),
            {"classes": ["collapse"], "fields": ["paths", "fields", "options"]},
        ),
    ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._backlog = selectors.backlog()
        return super().changelist_view(request, extra_context)

    @display(description=gettext_lazy("status"), ordering="status")
    def state(self, connection: Connection) -> SafeString:
        return badge_of(connection, "status", CONNECTION)

    @display(description=gettext_lazy("redirect address"))
    def redirect_address(self, connection: Connection) -> str:
        """To be entered in the server's OAuth application, so that people can sign in with it."""
        return signing_in.redirect_uri(connection) if connection.pk else "-"

    @display(description=gettext_lazy("missing scopes"))
    def missing(self, connection: Connection) -> str:
        return ", ".join(connection.missing_scopes) or "-"

    @display(description=gettext_lazy("tracks awaited"))
    def awaited(self, connection: Connection) -> int:
        return self._backlog.get(connection.pk, selectors.Backlog()).tracks

    @display(description=gettext_lazy("last look"), ordering="polled_at")
    def seen(self, connection: Connection) -> str:
        return moment(connection.polled_at)

    @display(description=gettext_lazy("error, and what to do"))
    def trouble(self, connection: Connection) -> SafeString | str:
        return failure(told(connection.error))

    @display(description=gettext_lazy("health"))
    def health(self, connection: Connection | None) -> SafeString | str:
        if connection is None or connection.pk is None:
            return "-"
        found = health_of.health(connection)
        context = {"connection": connection, **found}
        return render_to_string("admin/conferences/health.html", context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Stored while the form was judged: see `get_form`."""

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """The service saves: what it made stands for what the form would have made."""
        return form.saved

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """There is nothing beside the row."""

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        made = super().get_form(request, obj, **kwargs)

        class Asking(made):  # type: ignore[misc,valid-type]
            """The form that asks the service while mistakes can still be shown at their fields."""

            saved: Connection | None = None

            def _post_clean(self) -> None:
                if self.errors:
                    return
                try:
                    self.saved = _save(request, obj, self.given())
                except SaiError as error:
                    self._show(error)

            def _show(self, error: SaiError) -> None:
                for name, texts in error.details.items():
                    if name in self.fields and isinstance(texts, list):
                        self.add_error(name, texts)
                if not self.errors:
                    self.add_error(NON_FIELD_ERRORS, ValidationError(explain(error)))

        return Asking

    def delete_model(self, request: HttpRequest, obj: Connection) -> None:
        connections.delete(obj, actor=actor_of(request), request=request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        for connection in queryset:
            self.delete_model(request, connection)

    @admin.action(description=gettext_lazy("Look now"), permissions=["change"])
    def poll_chosen(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        for connection in queryset:
            self._poll(request, connection)

    @action(
        description=gettext_lazy("Check now"),
        permissions=["change"],
        icon="network_check",
        dialog={
            "title": gettext_lazy("Check the connection?"),
            "description": gettext_lazy("Signs in to the server and looks around."),
            "form_class": BaseDialogForm,
            "form_submit_text": gettext_lazy("Check"),
        },
    )
    def check_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        connection = get_object_or_404(Connection, pk=object_id)
        try:
            found = connections.check(connection)
        except SaiError as error:
            messages.error(request, explain(error))
        else:
            if found.missing_scopes:
                text = _("The server answers, but these scopes are missing: %(names)s.")
                messages.warning(request, text % {"names": ", ".join(found.missing_scopes)})
            else:
                messages.success(request, _("The server answers; nothing is missing."))
        return go_to(reverse("admin:conferences_connection_change", args=[object_id]))

    @action(
        description=gettext_lazy("Look now"),
        permissions=["change"],
        icon="sync",
        dialog={
            "title": gettext_lazy("Look for conferences now?"),
            "description": gettext_lazy("It is looked at next, not at its usual time."),
            "form_class": BaseDialogForm,
            "form_submit_text": gettext_lazy("Look"),
        },
    )
    def poll_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._poll(request, get_object_or_404(Connection, pk=object_id))
        return go_to(reverse("admin:conferences_connection_change", args=[object_id]))

    def _poll(self, request: HttpRequest, connection: Connection) -> None:
        try:
            connections.poll_now(connection)
        except SaiError as error:
            messages.error(request, f"{connection}: {explain(error)}")
        else:
            messages.success(request, _("%(name)s is looked at now.") % {"name": connection})


def _save(request: HttpRequest, obj: Connection | None, given: dict[str, Any]) -> Connection:
    actor = actor_of(request)
    if obj is None:
        return connections.create(actor=actor, request=request, **given)
    known = Connection.objects.get(pk=obj.pk)
    return connections.change(known, actor=actor, request=request, **given)
