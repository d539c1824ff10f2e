"""From YAML text to checked entries: variables put in, shapes checked, every mistake collected."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import yaml
from django.conf import settings
from django.utils.module_loading import import_string
from pydantic import ValidationError

from common.sections import Entry, Section
from sai.apply.mistakes import Mistake, Mistakes, path_of
from sai.env import variable

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
Found = list[Mistake]


@dataclass(frozen=True, slots=True)
class Declared:
    """One entry of the file, at `section[place]`."""

    section: str
    place: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: entries that can be declared, in order, and what is wrong so far."""

    declared: list[Declared]
    mistakes: list[Mistake]
    broken: frozenset[str]
    """Names of entries that can't be declared: that they are missing is not another mistake."""


class _Loader(yaml.SafeLoader):
    """Plain YAML in which a key may not stand twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _value in node.value]
        for place, key in enumerate(keys):
            if key in keys[:place]:
                mark = node.value[place][0].start_mark
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", mark)
        return super().construct_mapping(node, deep=deep)


def sections() -> dict[str, Section]:
    """Every section there is, in the order in which they are applied."""
    names: dict[str, str] = settings.APPLY_SECTIONS
    return {name: cast("Section", import_string(dotted)) for name, dotted in names.items()}


def read(text: str) -> Reading:
    """What the file says, section by section. Raises Mistakes where it can't be read at all."""
    found: Found = []
    content = _put_variables(_load(text), found)
    known = sections()
    for name in content:
        if name not in known:
            message = f"there is no such section; there are: {', '.join(known)}"
            found.append(Mistake(path_of(str(name)), message))
    declared = [
        entry
        for name, section in known.items()
        for entry in _read_section(name, section, content.get(name), found)
    ]
    return Reading(declared, found, _names_in(content) - {one.entry.name for one in declared})


def _names_in(content: dict[Any, Any]) -> frozenset[str]:
    entries = [one for section in content.values() if isinstance(section, list) for one in section]
    return frozenset(str(one.get("name")) for one in entries if isinstance(one, dict))


def _load(text: str) -> dict[Any, Any]:
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise Mistakes([Mistake("", f"{where}{error.problem}")]) from None
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        raise Mistakes([Mistake("", "this is not YAML that can be read")]) from None
    if not isinstance(content, dict):
        raise Mistakes([Mistake("", "the file holds sections, such as “users:” with a list")])
    return content


def _put_variables(value: Any, found: Found, *path: str | int) -> Any:
    """`${NAME}` replaced by the variable; a missing one is a mistake."""
    if isinstance(value, dict):
        return {key: _put_variables(each, found, *path, str(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [_put_variables(each, found, *path, place) for place, each in enumerate(value)]
    return _put_into(value, found, path_of(*path)) if isinstance(value, str) else value


def _put_into(text: str, found: Found, path: str) -> str:
    def look_up(match: re.Match[str]) -> str:
        value = variable(match[1])
        if value is None:
            found.append(Mistake(path, f"the environment has no {match[1]}"))
        return value or ""

    text = _VARIABLE.sub(look_up, text)
    if "\0" in text:
        found.append(Mistake(path, "a text can't hold a NUL character"))
    return text.replace("\0", "")


def _read_section(name: str, section: Section, content: object, found: Found) -> Iterator[Declared]:
    if not isinstance(content or [], list):
        found.append(Mistake(name, "a section is a list of entries"))
        return
    seen: set[str] = set()
    for place, fields in enumerate(cast("list[Any]", content or [])):
        entry = _read_entry(name, place, section, fields, found)
        if entry is None:
            continue
        if entry.name in seen:
            found.append(Mistake(path_of(name, place, "name"), "this name stands twice"))
        seen.add(entry.name)
        yield Declared(name, place, entry)


def _read_entry(
    name: str, place: int, section: Section, fields: object, found: Found
) -> Entry | None:
    if not isinstance(fields, dict):
        found.append(Mistake(path_of(name, place), "an entry has fields, such as “name: ...”"))
        return None
    try:
        return section.entry.model_validate(fields)
    except ValidationError as error:
        for one in error.errors(include_input=False, include_url=False):
            message = one["msg"].removeprefix("Value error, ")
            if one["type"] == "extra_forbidden":
                message = f"there is no such field; there are: {_fields_of(section)}"
            found.append(Mistake(path_of(name, place, *one["loc"]), message))
    return None


def _fields_of(section: Section) -> str:
    return ", ".join(section.entry.model_fields)
