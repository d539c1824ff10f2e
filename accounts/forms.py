"""Forms of the pages: they ask the same services as REST does."""

import math
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.choices import Scope
from accounts.models import User
from accounts.services.tokens import LONGEST_DAYS
from common.errors import NotSignedIn, SaiError, TooMany


class SignInForm(AuthenticationForm):
    """Throttled and audited like a sign-in by REST."""

    wait_seconds: int | None = None
    door = "page"

    def clean(self) -> dict[str, Any]:
        name, password = (self.cleaned_data.get(field) for field in ("username", "password"))
        if name and password and self.request is not None:
            try:
                self.user_cache = services.verify(
                    name, password, request=self.request, door=self.door
                )
            except TooMany as error:
                self.wait_seconds = math.ceil(error.wait_seconds)
                raise ValidationError(error.message) from None
            except NotSignedIn as error:
                raise ValidationError(error.message, code="invalid_login") from None
        return self.cleaned_data


class ChangePasswordForm(PasswordChangeForm):
    """The current password is asked for, and guessing it is throttled."""

    request: HttpRequest | None = None

    def clean_old_password(self) -> str:
        current: str = self.cleaned_data["old_password"]
        try:
            services.check_current(self.user, current)
        except SaiError as error:
            raise ValidationError(error.message) from None
        return current

    def save(self, commit: bool = True) -> User:
        services.set_password(
            self.user, self.cleaned_data["new_password1"], actor=self.user, request=self.request
        )
        return self.user


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["first_name", "last_name", "email"]


class TokenForm(forms.Form):
    label = forms.CharField(
        label=_("What it is for"), max_length=200, widget=forms.TextInput(attrs={"required": True})
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=Scope.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing chosen: everything that you may."),
    )
    days = forms.IntegerField(
        label=_("Days until it expires"),
        required=False,
        min_value=1,
        max_value=LONGEST_DAYS,
        help_text=_("Empty: it does not expire."),
    )
