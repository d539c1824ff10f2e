"""What a folder's `meeting.json` or `meeting.yaml` may say about its meeting."""

import datetime as dt
import json
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

NAMES: Final = ("meeting.json", "meeting.yaml", "meeting.yml")
LARGEST: Final = 256 * 1024
YEARS: Final = range(1971, 9999)
"""Near the first and the last year no zone can be added to a time."""


class Who(BaseModel):
    """A participant; his files are those named after one of the three."""

    model_config = ConfigDict(extra="forbid")
    call_id: str = ""
    name: str = ""
    file: str = ""
    """A file's name, with or without what follows the dot."""

    def is_named(self, stem: str, name: str) -> bool:
        asked = {stem.casefold(), name.casefold()}
        said = {self.file, self.call_id, self.call_id.partition("@")[0], self.name}
        return not asked.isdisjoint({one.casefold() for one in said if one})


class MeetingFile(BaseModel):
    """Everything may be missing. A time without a zone is UTC."""

    model_config = ConfigDict(extra="forbid")
    topic: str = ""
    owner: str = ""
    participants: list[Who] = []
    started_at: dt.datetime | None = None
    stopped_at: dt.datetime | None = None
    language: str = ""
    auto_recognition: bool | None = None
    tags: list[str] = []

    @field_validator("participants", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        """`[anna@corp, {"name": "Boris"}]`: a text is a call id or a name."""
        if not isinstance(value, list):
            return value
        return [_who(one) if isinstance(one, str) else one for one in value]

    @field_validator("started_at", "stopped_at")
    @classmethod
    def _aware(cls, value: dt.datetime | None) -> dt.datetime | None:
        if value is not None and value.year not in YEARS:
            raise ValueError(f"a year from {YEARS.start} to {YEARS.stop - 1}")
        return value.replace(tzinfo=dt.UTC) if value and value.tzinfo is None else value


def _who(text: str) -> dict[str, str]:
    return {"call_id": text} if "@" in text else {"name": text}


def parse(path: Path, content: bytes) -> MeetingFile:
    """Raises ValueError with what is wrong."""
    if len(content) > LARGEST:
        raise ValueError("too large")
    try:
        loaded = json.loads(content) if path.suffix == ".json" else yaml.safe_load(content)
        return MeetingFile.model_validate(loaded or {})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg']}") from None
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error).partition("\n")[0][:200]) from None
