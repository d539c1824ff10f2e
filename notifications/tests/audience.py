"""Who may see what in these tests, and what it is called: stands in for an upper floor."""

from collections.abc import Iterable

from notifications.subjects import Subject

allowed: dict[str, set[int]] = {}


def viewers_of(ids: Iterable[str]) -> dict[str, set[int]]:
    return {key: allowed.get(key, set()) for key in ids}


subjects: dict[str, Subject] = {}


def subjects_of(ids: Iterable[str]) -> dict[str, Subject]:
    return {key: subjects[key] for key in ids if key in subjects}
