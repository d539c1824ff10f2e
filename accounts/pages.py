"""Pages of people: sign in and out, change the password, the profile with one's own tokens."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from accounts import audit, selectors, services
from accounts.choices import Action
from accounts.forms import ChangePasswordForm, ProfileForm, SignInForm, TokenForm
from accounts.models import User
from common.errors import SaiError


class SignIn(views.LoginView):
    """Django renews the session's key at sign-in."""

    authentication_form = SignInForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With a button for each other way in, which upper floors name in SIGN_IN_DOORS."""
        doors = [door for name in settings.SIGN_IN_DOORS for door in import_string(name)()]
        return super().get_context_data(doors=doors, **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.wait_seconds is not None:
            response.status_code = 429
            response["Retry-After"] = str(form.wait_seconds)
        return response


class SignOut(views.LogoutView):
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if isinstance(request.user, User):
            audit.record(request.user, Action.SIGN_OUT, "user", request.user.pk, request=request)
        return super().post(request, *args, **kwargs)


class ChangePassword(views.PasswordChangeView):
    form_class = ChangePasswordForm
    success_url = reverse_lazy("profile")

    def get_form(self, form_class: Any = None) -> Any:
        form: Any = super().get_form(form_class)
        form.request = self.request
        return form

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(
            self.request, _("The password is changed. You were signed out everywhere else.")
        )
        return super().form_valid(form)


@method_decorator(never_cache, name="dispatch")
class PersonalView(LoginRequiredMixin, View):
    """A page about the person who looks at it."""

    @property
    def user(self) -> User:
        found = self.request.user
        if not isinstance(found, User):
            raise TypeError("LoginRequiredMixin lets only users pass")
        return found

    def show(self, *, status: int = 200, **context: Any) -> HttpResponse:
        context.setdefault("profile_form", ProfileForm(instance=User.objects.get(pk=self.user.pk)))
        context.setdefault("token_form", TokenForm())
        context["tokens"] = selectors.tokens_of(self.user).filter(revoked_at=None).order_by("-pk")
        return render(self.request, "registration/profile.html", context, status=status)


class Profile(PersonalView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show()

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ProfileForm(request.POST, instance=User.objects.get(pk=self.user.pk))
        if not form.is_valid():
            return self.show(profile_form=form, status=400)
        services.change_profile(self.user, request=request, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("profile")


class MakeToken(PersonalView):
    def post(self, request: HttpRequest) -> HttpResponse:
        """The text is in this answer and nowhere else: not in a message, which is a cookie."""
        form = TokenForm(request.POST)
        if not form.is_valid():
            return self.show(token_form=form, status=400)
        try:
            token, text = services.make_token(
                self.user, actor=self.user, request=request, **form.cleaned_data
            )
        except SaiError as error:
            form.add_error(None, error.message)
            return self.show(token_form=form, status=error.status)
        return self.show(made=token, made_text=text)


class RevokeToken(PersonalView):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        token = get_object_or_404(selectors.tokens_of(self.user), pk=pk)
        services.revoke_token(token, actor=self.user, request=request)
        messages.success(request, _("The token opens nothing any more."))
        return redirect("profile")
