"""Pages of a person: what he was told, and how he wants to be told."""

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.models import User
from common.errors import SaiError
from notifications import selectors, services
from notifications.forms import PreferencesForm
from notifications.lines import lines_of

SHOWN = 100
"""Notices on the page; older ones are had by REST."""


@method_decorator(never_cache, name="dispatch")
class PersonalView(LoginRequiredMixin, View):
    @property
    def user(self) -> User:
        found = self.request.user
        if not isinstance(found, User):
            raise TypeError("LoginRequiredMixin lets only users pass")
        return found


class Notices(PersonalView):
    def get(self, request: HttpRequest) -> HttpResponse:
        rows = list(selectors.notices_of(self.user)[:SHOWN])
        context = {
            "lines": lines_of(self.user, rows),
            "newest": max((row.pk for row in rows), default=0),
            "unread": any(row.read_at is None for row in rows),
        }
        return render(request, "notifications/notices.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """All that stood on the page were read; what has come since was not."""
        newest = request.POST.get("newest", "")
        if newest.isdecimal() and newest.isascii() and len(newest) < 19:
            services.read_all(self.user, upto=int(newest))
        return redirect("notices")


class Count(PersonalView):
    def handle_no_permission(self) -> HttpResponse:  # type: ignore[override]
        """Whoever was signed out meanwhile gets no sign-in page in the place of a bell."""
        return HttpResponse(status=401)

    def get(self, request: HttpRequest) -> HttpResponse:
        """The bell, asked for now and then by every open page."""
        return render(
            request, "notifications/bell.html", {"unread": selectors.unread_count(self.user)}
        )


class Preferences(PersonalView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(PreferencesForm(wishes=selectors.preferences_of(self.user)))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PreferencesForm(request.POST, wishes=selectors.preferences_of(self.user))
        if not form.is_valid():
            return self._show(form, status=400)
        try:
            services.change_preferences(self.user, **form.wanted())
        except SaiError as error:
            form.add_error(None, error.message)
            return self._show(form, status=error.status)
        messages.success(request, _("Saved."))
        return redirect("notice-preferences")

    def _show(self, form: PreferencesForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form}
        return render(self.request, "notifications/preferences.html", context, status=status)
