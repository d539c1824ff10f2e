"""The form of a person's wishes: channels for each fact, quiet hours, digest."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from notifications import selectors
from notifications.channels import registry
from notifications.choices import PAGE, Digest, Fact
from notifications.models import NoticePreferences


def channel_choices() -> list[tuple[str, Any]]:
    """(name, what people call it): the page, then those of wiring."""
    found = [(name, registry.find(name)) for name in registry.names()]
    return [(PAGE, _("Page")), *((name, one.title) for name, one in found if one is not None)]


class PreferencesForm(forms.Form):
    quiet_from = forms.TimeField(
        label=_("Quiet from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("Nothing is sent in quiet hours; it comes at their end, in one message."),
    )
    quiet_until = forms.TimeField(
        label=_("Quiet until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    digest = forms.ChoiceField(label=_("Messages"), choices=Digest.choices)
    digest_hour = forms.IntegerField(
        label=_("Hour of the daily message"), min_value=0, max_value=23
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, data: Any = None, *, wishes: NoticePreferences) -> None:
        initial = {name: getattr(wishes, name) for name in NOT_CHANNELS}
        initial |= {fact: selectors.channels_for(wishes, fact) for fact in Fact.values}
        super().__init__(data, initial=initial)
        zones = [(name, name) for name in sorted(available_timezones())]
        usual = _("As here (%(zone)s)") % {"zone": settings.TIME_ZONE}
        self.fields["time_zone"].choices = [("", usual), *zones]  # type: ignore[attr-defined]
        of_facts = {
            fact.value: forms.MultipleChoiceField(
                label=fact.label,
                choices=channel_choices,
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )
            for fact in Fact
        }
        self.fields = {**of_facts, **self.fields}

    def wanted(self) -> dict[str, Any]:
        """What `services.change_preferences` takes."""
        found = self.cleaned_data
        channels = {fact: found[fact] for fact in Fact.values}
        return {"channels": channels, **{name: found[name] for name in NOT_CHANNELS}}


NOT_CHANNELS = ["quiet_from", "quiet_until", "digest", "digest_hour", "time_zone"]
