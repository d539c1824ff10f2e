"""What an app offers to `manage.py apply`: a section of the file, its entries and how one is made.

class FaqEntry(Entry):
    question: str

def declare(entry: FaqEntry) -> Applied: ...

faq = Section(FaqEntry, declare)  # and "faq": "bots.sections.faq" in APPLY_SECTIONS
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Entry(BaseModel):
    """One entry as the file has it; `name` identifies it. Secrets are SecretStr."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(min_length=1, max_length=200)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of an entry. `token` or `password`: made now, can't be read again."""

    name: str
    id: int | str
    created: bool
    token: str = ""
    password: str = ""

    def as_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"name": self.name, "id": self.id, "created": self.created}
        secrets = {"token": self.token, "password": self.password}
        return found | {key: text for key, text in secrets.items() if text}


@dataclass(frozen=True, slots=True)
class Section:
    """`declare` makes an entry true: creates it or changes what differs, and does nothing the
    second time. It raises a SaiError for what can't be; with one key in `details` that is a field
    of the entry, the message stands at that field. It runs inside the transaction of the file."""

    entry: type[Entry]
    declare: Callable[[Any], Applied]
