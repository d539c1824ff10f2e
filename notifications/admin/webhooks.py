"""Webhooks in the admin: made (the secret is shown once), tested, rotated, resumed; and the log."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.postgres.forms import SimpleArrayField
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
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.audit import actor_of
from common.admin import (
    BoundedAdmin,
    MachineAdmin,
    badge,
    badge_of,
    explain,
    go_to,
    linked,
    moment,
)
from common.errors import SaiError
from notifications import services
from notifications.choices import HookStatus
from notifications.hooks import wording
from notifications.models import Webhook, WebhookDelivery
from notifications.services.webhooks import Made

COLOURS: dict[str, str] = {
    HookStatus.WAITING: "warning",
    HookStatus.SENDING: "info",
    HookStatus.SENT: "success",
    HookStatus.FAILED: "danger",
}
PERIODS = [("1", gettext_lazy("The last hour")), ("24", gettext_lazy("The last day"))]
PERIODS += [("168", gettext_lazy("The last week")), ("2160", gettext_lazy("All that is kept"))]


class WebhookForm(forms.ModelForm):
    """The service judges; its answer stands in the form."""

    events = SimpleArrayField(
        forms.CharField(max_length=60),
        label=gettext_lazy("Events"),
        widget=UnfoldAdminTextInputWidget,
        initial=["*"],
        help_text=gettext_lazy("Types separated by commas: recording.status, summary.*, or *."),
    )
    request: HttpRequest

    class Meta:
        model = Webhook
        fields = ["name", "url", "enabled"]

    def _post_clean(self) -> None:
        """The last check and the deed in one."""
        if self.errors:
            return
        try:
            self.instance = self.do()
        except SaiError as error:
            self.add_error(None, explain(error))

    def do(self) -> Webhook:
        """What was asked for, by the service."""
        names = ("name", "url", "events", "enabled")
        changes = {name: self.cleaned_data[name] for name in names}
        row = Webhook.objects.get(pk=self.instance.pk)
        by = actor_of(self.request)
        return services.change_webhook(row, by=by, request=self.request, **changes)


class NewWebhookForm(WebhookForm):
    new_secret = forms.CharField(
        label=gettext_lazy("Secret"),
        required=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Empty: one is made and shown once."),
    )
    made: Made

    class Meta:
        model = Webhook
        fields = ["name", "url"]

    def do(self) -> Webhook:
        found = self.cleaned_data
        self.made = services.create_webhook(
            name=found["name"],
            url=found["url"],
            events=found["events"],
            secret=found["new_secret"],
            by=actor_of(self.request),
            request=self.request,
        )
        return self.made.webhook


class ReplayDialog(BaseDialogForm):
    period = forms.ChoiceField(
        label=gettext_lazy("Failed in"),
        choices=PERIODS,
        initial="24",
        widget=UnfoldAdminSelectWidget,
    )


def _dialog(title: Any, text: Any, submit: Any, form: Any = BaseDialogForm) -> dict[str, Any]:
    return {
        "title": title,
        "description": text,
        "form_class": form,
        "form_submit_text": submit,
    }


@admin.register(Webhook)
class WebhookAdmin(BoundedAdmin):
    list_display = ["name", "url", "asked", "state", "failures", "made"]
    list_filter = ["enabled"]
    search_fields = ["name", "url"]
    ordering = ["name"]
    actions_detail = ["test", "replay", "resume", "rotate"]

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kind = NewWebhookForm if obj is None else WebhookForm
        made = super().get_form(request, obj, change, **{**kwargs, "form": kind})
        made.request = request
        return made

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return ["name", "url", "events", "new_secret"]
        return ["name", "url", "events", "enabled", "state", "failures"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["state", "failures"]

    @display(description=gettext_lazy("events"))
    def asked(self, webhook: Webhook) -> str:
        return ", ".join(webhook.events)

    @display(description=gettext_lazy("state"))
    def state(self, webhook: Webhook) -> SafeString:
        if webhook.paused_at:
            why = wording.told(webhook.paused_reason)
            return badge(_("Paused: %(why)s") % {"why": why}, "danger")
        return badge(_("On"), "success") if webhook.enabled else badge(_("Off"))

    def save_model(self, request: Any, obj: Webhook, form: Any, change: bool) -> None:
        """The form has written it."""

    def delete_model(self, request: HttpRequest, obj: Webhook) -> None:
        services.delete_webhook(obj, by=actor_of(request), request=request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> None:
        for webhook in queryset:
            self.delete_model(request, webhook)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Its log, which nobody deletes by hand, goes with it."""
        listed, counts, _forbidden, protected = super().get_deleted_objects(objs, request)
        return listed, counts, set(), protected

    def response_add(
        self, request: Any, obj: Webhook, post_url_continue: Any = None
    ) -> HttpResponse:
        made: Made = request.made_hook
        if not made.secret:
            return super().response_add(request, obj, post_url_continue)
        return self._show_once(request, made)

    def save_form(self, request: Any, form: Any, change: bool) -> Any:
        if not change:
            request.made_hook = form.made
        return super().save_form(request, form, change)

    def _show_once(self, request: HttpRequest, made: Made) -> HttpResponse:
        """The secret stands in this answer and nowhere else: not in a message, a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("The new secret"),
            "opts": self.opts,
            "webhook": made.webhook,
            "text": made.secret,
        }
        response = TemplateResponse(request, "admin/notifications/webhook/made.html", context)
        add_never_cache_headers(response)
        return response

    @action(
        description=gettext_lazy("Send a test"),
        permissions=["change"],
        icon="send",
        dialog=_dialog(
            gettext_lazy("Send a test now?"),
            gettext_lazy("The answer is waited for, ten seconds at most."),
            gettext_lazy("Send"),
        ),
    )
    def test(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        told = services.test_webhook(Webhook.objects.get(pk=object_id))
        if told.status == HookStatus.SENT:
            messages.success(request, _("It was taken: %(code)s.") % {"code": told.status_code})
        else:
            messages.error(request, f"{wording.told(told.error)} {told.status_code or ''}".strip())
        return _back_to(object_id)

    @action(
        description=gettext_lazy("Send what failed again"),
        permissions=["change"],
        icon="replay",
        dialog=_dialog(
            gettext_lazy("Send what failed again?"),
            gettext_lazy("In its order, and with the same ids."),
            gettext_lazy("Send"),
            ReplayDialog,
        ),
    )
    def replay(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        since = timezone.now() - dt.timedelta(hours=int(form.cleaned_data["period"]))
        webhook = Webhook.objects.get(pk=object_id)
        count = services.replay_failed(webhook, since=since, by=actor_of(request), request=request)
        messages.success(request, _("Sent again: %(count)d.") % {"count": count})
        return _back_to(object_id)

    @action(
        description=gettext_lazy("Resume"),
        permissions=["change"],
        icon="play_arrow",
        dialog=_dialog(
            gettext_lazy("Resume?"),
            gettext_lazy("What has happened meanwhile is sent now."),
            gettext_lazy("Resume"),
        ),
    )
    def resume(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        webhook = Webhook.objects.get(pk=object_id)
        services.resume_webhook(webhook, by=actor_of(request), request=request)
        messages.success(request, _("It goes on."))
        return _back_to(object_id)

    @action(description=gettext_lazy("Another secret"), permissions=["change"], icon="key")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asked first; the answer to the second request shows the secret."""
        webhook = Webhook.objects.get(pk=object_id)
        if request.method == "POST":
            made = services.rotate_secret(webhook, by=actor_of(request), request=request)
            return self._show_once(request, made)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Another secret"),
            "opts": self.opts,
            "webhook": webhook,
        }
        return TemplateResponse(request, "admin/notifications/webhook/rotate.html", context)


def _back_to(object_id: str) -> HttpResponse:
    return go_to(reverse("admin:notifications_webhook_change", args=[object_id]))


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(MachineAdmin):
    list_display = ["made", "whose", "type", "state", "status_code", "took", "failures", "due"]
    list_filter = ["webhook", "status", "type", ("created_at", RangeDateTimeFilter)]
    list_select_related = ["webhook"]
    search_fields = ["=uid", "=object_key"]
    ordering = ["-pk"]
    actions = ["replay"]
    fields = [*list_display, "why", "response", "uid", "object_key", "body", "finished_at"]
    readonly_fields = fields
    whose = linked("webhook", gettext_lazy("webhook"))

    @display(description=gettext_lazy("status"), ordering="status")
    def state(self, row: WebhookDelivery) -> SafeString:
        return badge_of(row, "status", COLOURS)

    @display(description=gettext_lazy("took, s"))
    def took(self, row: WebhookDelivery) -> str:
        return "-" if row.duration is None else f"{row.duration:.2f}"

    @display(description=gettext_lazy("next try"))
    def due(self, row: WebhookDelivery) -> str:
        return moment(row.ready_at) if row.status == HookStatus.WAITING else "-"

    @display(description=gettext_lazy("error"))
    def why(self, row: WebhookDelivery) -> str:
        return wording.told(row.error) or "-"

    @admin.action(description=gettext_lazy("Send again"), permissions=["view"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        count = 0
        for row in queryset.select_related("webhook").order_by("pk"):
            try:
                services.replay_one(row, by=actor_of(request), request=request)
                count += 1
            except SaiError as error:
                messages.warning(request, f"{row}: {explain(error)}")
        messages.success(request, _("Sent again: %(count)d.") % {"count": count})
