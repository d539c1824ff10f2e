"""`apply`: where bytes are kept."""

from pydantic import Field, SecretStr

from common.sections import Applied, Entry, Section
from recordings.models import StorageSettings


class StorageEntry(Entry):
    """There is one storage; its name is only for the file."""

    name: str = "storage"
    root: str | None = None
    reserve: int | None = Field(None, ge=0)
    """Bytes that stay free."""
    endpoint_url: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None


def declare_storage(entry: StorageEntry) -> Applied:
    given = entry.model_dump(exclude={"name"}, exclude_none=True)
    if "reserve" in given:
        given["reserve_bytes"] = given.pop("reserve")
    if entry.secret_access_key:
        given["secret_access_key"] = entry.secret_access_key.get_secret_value()
    row, created = StorageSettings.objects.update_or_create(pk=1, defaults=given)
    return Applied(name=entry.name, id=row.pk, created=created)


storage = Section(StorageEntry, declare_storage)
