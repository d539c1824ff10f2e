"""`apply`: connections to meeting servers."""

from typing import Any, Literal

from pydantic import Field, SecretStr

from common.sections import Applied, Entry, Section
from conferences.choices import Platform
from conferences.models import Connection
from conferences.services import connections as services


class ConnectionEntry(Entry):
    """What is not said keeps its default, or its present value."""

    name: str = Field(min_length=1, max_length=100)
    platform: str = Platform.TRUECONF.value
    url: str = Field(min_length=1, max_length=500)
    client_id: str | None = None
    client_secret: SecretStr | None = None
    verify_tls: bool | None = None
    ca_bundle: str | None = None
    chat_bot_user: str | None = None
    chat_bot_password: SecretStr | None = None
    poll_seconds: int | None = Field(None, ge=1)
    rescan_hours: int | None = Field(None, ge=0)
    auto_recognize: bool | None = None
    consent_required: bool | None = None
    paths: dict[str, str] | None = None
    fields: dict[str, str] | None = None
    options: dict[str, Any] | None = None
    default_rights: dict[str, list[str]] | None = None
    bytes_per_second: int | None = Field(None, ge=1)
    track_patience_hours: int | None = Field(None, ge=0)
    download_workers: int | None = Field(None, ge=1)
    access: Literal["full", "read_only"] | None = None
    enabled: bool | None = None


def declare_connection(entry: ConnectionEntry) -> Applied:
    given = entry.model_dump(exclude_none=True)
    for name in services.SECRET & set(given):
        given[name] = given[name].get_secret_value()
    known = Connection.objects.select_for_update().filter(name=entry.name).first()
    if known is None:
        made = services.create(actor=None, **given)
        return Applied(name=entry.name, id=made.pk, created=True)
    changed = services.change(known, actor=None, **given)
    return Applied(name=entry.name, id=changed.pk, created=False)


connections = Section(ConnectionEntry, declare_connection)
