"""`apply`: webhooks."""

from pydantic import Field, SecretStr

from common.sections import Applied, Entry, Section
from notifications import services
from notifications.models import Webhook


class WebhookEntry(Entry):
    """Without a secret a new one gets a random one, and a known one keeps its own."""

    url: str = Field(max_length=2000)
    events: list[str] = Field(min_length=1)
    secret: SecretStr | None = None


def declare_webhook(entry: WebhookEntry) -> Applied:
    """Another secret counts at once; the previous one is good for a day more."""
    secret = entry.secret.get_secret_value() if entry.secret else ""
    known = Webhook.objects.filter(name=entry.name).first()
    if known is None:
        made = services.create_webhook(
            name=entry.name, url=entry.url, events=entry.events, secret=secret, by=None
        )
        return Applied(name=entry.name, id=made.webhook.pk, created=True, token=made.secret)
    services.change_webhook(known, by=None, url=entry.url, events=entry.events)
    if secret and secret != known.secret:
        services.rotate_secret(known, by=None, secret=secret)
    return Applied(name=entry.name, id=known.pk, created=False)


webhooks = Section(WebhookEntry, declare_webhook)
