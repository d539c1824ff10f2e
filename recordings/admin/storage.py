"""Where bytes are kept, in the admin: the settings, a check, and the files."""

import shutil
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

from accounts import audit
from accounts.choices import Action
from common.admin import BoundedAdmin, MachineAdmin, explain, go_to, link
from common.errors import SaiError
from common.sql import ask
from recordings.admin.filters import UnusedFileFilter
from recordings.conf import conf
from recordings.models import StorageSettings, StoredFile, Track
from recordings.storage import Storage
from recordings.storage.choose import build, settle
from recordings.storage.reconcile import Report, reconcile

MOST_COMPARED = 200_000
"""Files that are compared while a browser waits; more are a matter for the command line."""
SHOWN = 20
FIELDS = ["root", "reserve_bytes", "endpoint_url", "region", "access_key_id"]


class StorageForm(forms.ModelForm):
    """A storage is saved only when it answers. The secret goes in and never comes out."""

    new_secret = forms.CharField(
        label=gettext_lazy("S3 secret"),
        required=False,
        max_length=500,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Never shown. Empty leaves the present one."),
    )
    forget_secret = forms.BooleanField(
        label=gettext_lazy("Forget the stored secret"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=gettext_lazy("The environment's counts again, where there is one."),
    )

    class Meta:
        model = StorageSettings
        fields = FIELDS
        help_texts = {
            "root": gettext_lazy(
                "A path, or s3://bucket/prefix. Files that are stored already are not moved."
            ),
            "reserve_bytes": gettext_lazy("Below so much free space nothing is taken in."),
        }

    def secret(self) -> str:
        """What shall be stored."""
        if self.cleaned_data.get("forget_secret"):
            return ""
        return self.cleaned_data.get("new_secret") or self.instance.secret_access_key

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if self.errors:
            return found
        given = {name: found[name] for name in FIELDS}
        row = StorageSettings(pk=1, secret_access_key=self.secret(), **given)
        try:
            touch(build(*settle(row, conf())))
        except SaiError as error:
            raise ValidationError(explain(error)) from None
        except (ImproperlyConfigured, OSError, ValueError) as error:
            raise ValidationError(str(error)) from None
        return found

    def clean_reserve_bytes(self) -> int | None:
        found = self.cleaned_data["reserve_bytes"]
        if found is not None and found < 0:
            raise ValidationError(_("A reserve is at least 0 bytes."))
        return found


def touch(storage: Storage) -> None:
    """Asks for a file that nobody has: a storage that can't be reached raises Unavailable."""
    storage.size(uuid4())


def room(row: StorageSettings) -> dict[str, Any]:
    """Where files go now and how much room is there; `error` when it can't be told."""
    root, reserve, _access = settle(row, conf())
    found: dict[str, Any] = {"root": root, "reserve": reserve, "remote": root.startswith("s3://")}
    try:
        storage = build(root, reserve, _access)
        usage = shutil.disk_usage(storage.incoming)
    except (SaiError, ImproperlyConfigured, OSError) as error:
        return found | {"error": explain(error) if isinstance(error, SaiError) else str(error)}
    return found | {
        "free": usage.free,
        "total": usage.total,
        "used_percent": round(100 * usage.used / usage.total) if usage.total else 0,
        "full": usage.free < reserve,
    }


def files_about() -> int:
    """How many files there are, roughly: PostgreSQL's own estimate."""
    rows = ask(
        "SELECT reltuples::bigint AS n FROM pg_class WHERE relname = 'recordings_storedfile'"
    )
    return max(0, int(rows[0]["n"]))


@admin.register(StorageSettings)
class StorageSettingsAdmin(BoundedAdmin):
    form = StorageForm
    list_display = ["place", "reserve", "endpoint_url", "free", "changed"]
    readonly_fields = ["now", "secret_state"]
    actions_list = ["compare"]
    actions_detail = ["compare"]
    list_before_template = "admin/recordings/room.html"
    fieldsets = [
        (gettext_lazy("Now"), {"fields": ["now"]}),
        (None, {"fields": ["root", "reserve_bytes"]}),
        (
            "S3",
            {
                "fields": [
                    ("endpoint_url", "region"),
                    "access_key_id",
                    ("new_secret", "secret_state"),
                    "forget_secret",
                ]
            },
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not StorageSettings.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Emptied fields give way to the environment; the row itself may stay."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = StorageSettings.objects.first() or StorageSettings()
        return super().changelist_view(request, {**(extra_context or {}), **room(row)})

    def render_change_form(self, request: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
        context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description=gettext_lazy("root"))
    def place(self, row: StorageSettings) -> str:
        return str(room(row)["root"])

    @display(description=gettext_lazy("disk reserve"))
    def reserve(self, row: StorageSettings) -> str:
        return filesizeformat(room(row)["reserve"])

    @display(description=gettext_lazy("free"))
    def free(self, row: StorageSettings) -> str:
        found = room(row)
        return str(found["error"]) if "error" in found else filesizeformat(found["free"])

    @display(description=gettext_lazy("where files go"))
    def now(self, row: StorageSettings | None) -> SafeString:
        return render_to_string("admin/recordings/room.html", room(row or StorageSettings()))

    @display(description=gettext_lazy("stored secret"))
    def secret_state(self, row: StorageSettings | None) -> str:
        return _("There is one") if row and row.secret_access_key else _("There is none")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.pk, obj.secret_access_key = 1, form.secret()
        super().save_model(request, obj, form, change)
        audit.record(
            audit.actor_of(request),
            Action.CHANGE,
            "storage_settings",
            obj.pk,
            request=request,
            data={"fields": sorted(form.changed_data)},
        )

    @action(
        description=gettext_lazy("Compare files with rows"),
        permissions=["change"],
        icon="fact_check",
        dialog={
            "title": gettext_lazy("Compare files with rows?"),
            "description": gettext_lazy("Looks at every file once and changes nothing."),
            "form_class": BaseDialogForm,
            "form_submit_text": gettext_lazy("Compare"),
        },
    )
    def compare(self, request: HttpRequest, form: Any, object_id: str = "") -> HttpResponse:
        return go_to(reverse("admin:recordings_storage_report"))

    def get_custom_urls(self) -> tuple:
        return (("report/", "recordings_storage_report", self.report),)

    def report(self, request: HttpRequest, model_admin: Any) -> HttpResponse:
        """What does not fit, as a page. Reads only."""
        back = reverse("admin:recordings_storagesettings_changelist")
        if files_about() > MOST_COMPARED:
            messages.warning(
                request, _("That are many files: run `manage.py reconcile_storage` instead.")
            )
            return HttpResponse(status=302, headers={"Location": back})
        try:
            found = reconcile()
        except SaiError as error:
            messages.error(request, explain(error))
            return HttpResponse(status=302, headers={"Location": back})
        context = {
            **self.admin_site.each_context(request),
            "title": _("Files and rows compared"),
            "opts": self.opts,
            "report": found,
            "findings": findings(found),
        }
        return TemplateResponse(request, "admin/recordings/report.html", context)


def findings(report: Report) -> list[dict[str, Any]]:
    """What was found, worst first: `title`, `count`, `names` (some of them), `lost`."""
    rows = [
        (_("Rows without a file: these bytes are lost"), report.missing, True),
        (_("Files of another size than their rows say"), report.wrong_size, True),
        (_("Rows that nothing uses"), report.unused, False),
        (_("Files without a row"), report.orphans, False),
        (_("Left over from uploads that broke off"), report.leftovers, False),
        (_("Files that are not ours"), report.strays, False),
        (_("Links that lead nowhere"), report.dead_links, False),
    ]
    return [
        {"title": title, "count": len(names), "names": names[:SHOWN], "lost": lost}
        for title, names, lost in rows
    ]


@admin.register(StoredFile)
class StoredFileAdmin(MachineAdmin):
    list_display = ["uid", "bytes", "content_type", "whose", "made"]
    list_filter = [UnusedFileFilter, ("created_at", RangeDateTimeFilter)]
    search_fields = ["=uid", "=sha256"]
    search_help_text = gettext_lazy("The file's uid or its SHA-256")
    ordering = ["-created_at"]
    fields = ["uid", "bytes", "content_type", "sha256", "whose", "made"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoredFile]:
        tracks = Track.objects.select_related("recording").defer("regions")
        return super().get_queryset(request).prefetch_related(Prefetch("tracks", tracks))

    @display(description=gettext_lazy("size"), ordering="size")
    def bytes(self, file: StoredFile) -> str:
        return filesizeformat(file.size)

    @display(description=gettext_lazy("recording"))
    def whose(self, file: StoredFile) -> SafeString | str:
        return next((link(track.recording) for track in file.tracks.all()), "-")
